"""Progress of a long command on the terminal: one line a stage, and a bar below them."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)


class Stages:
    """`progress` is open while there is something to show; a command moves its `bar` on as it counts."""

    def __init__(self, console: Console, total: int | None = None) -> None:
        self._console = console
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[state]}"),
        )
        self.progress = Progress(*columns, console=console, transient=True)
        self.bar = self.progress.add_task("setting up", total=total, state="")

    def stage(self, text: str) -> None:
        """Say what begins."""
        self._console.print(f"[dim]·[/] {escape(text)}", highlight=False)
        self.progress.update(self.bar, description=escape(text))
