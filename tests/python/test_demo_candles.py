"""Candles from a file: what is kept of them, and one useful line for every fault."""

from pathlib import Path

import pytest

from crossmargin.demo.candles import Candle, Window, largest_fall, load, normalise, resample
from crossmargin.demo.paths import DOLLAR, PathError

HEADER = "timestamp,symbol,open,high,low,close,volume"
START = 1_700_000_000
HOUR = 3600


def row(hour: float, symbol: str, close: float, low: float | None = None, before: float | None = None) -> str:
    opened = before or close
    bottom = min(opened, close) if low is None else low
    return f"{START + int(hour * HOUR)},{symbol},{opened},{max(opened, close)},{bottom},{close},1"


def write(folder: Path, *rows: str, header: str = HEADER) -> Path:
    file = folder / "prices.csv"
    file.write_text("\n".join([header, *rows]) + "\n")
    return file


def calm(symbol: str, price: float, hours: int = 60) -> list[str]:
    return [row(hour, symbol, price) for hour in range(hours)]


def crash(symbol: str, price: float, hours: int = 60, at: int = 40, low: float = 0.45) -> list[str]:
    """Flat, then one candle that closes at 70 % with a wick to `low`, then flat at 70 %."""
    rows = calm(symbol, price, at)
    rows.append(row(at, symbol, price * 0.7, low=price * low, before=price))
    return rows + [row(hour, symbol, price * 0.7) for hour in range(at + 1, hours)]


def refusal(file: Path, **options: object) -> str:
    with pytest.raises(PathError) as caught:
        load(file, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(file)) or message.startswith("cannot read")
    return message.removeprefix(str(file)).strip()


# ---- what is read ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling",
    [
        "BTC",
        "btc",
        " BTC ",
        "BTCUSDT",
        "BTC/USD",
        "BTC-USD",
        "BTC-PERP",
        "XBTUSD",
        "BTC_USDC",
        "BTC-USDT-SWAP",
        "BTC:USD",
    ],
)
def test_spellings_of_a_symbol(spelling):
    assert normalise(spelling) == "BTC"


def test_the_quote_is_not_taken_for_a_suffix():
    assert [normalise(name) for name in ("USDC", "USDC_implied", "USDCUSD", "USDC/USDT")] == ["USDC"] * 4
    assert normalise("USDT") == "USDT"


def test_all_five_markets_as_given(tmp_path):
    starts = {"BTC": 20_000, "ETH": 1_000, "SOL": 50, "LINK": 10, "DOGE": 0.1}
    file = write(tmp_path, *(line for symbol, price in starts.items() for line in crash(symbol, price)))
    path = load(file)
    assert path.at(0) == {symbol: round(price * DOLLAR) for symbol, price in starts.items()}
    assert path.at(-1) == {symbol: round(price * DOLLAR * 0.7) for symbol, price in starts.items()}
    assert path.notes == ()


def test_the_wick_is_kept_at_any_number_of_ticks(tmp_path):
    file = write(tmp_path, *crash("ETH", 1_000, low=0.45))
    for ticks in (12, 30, 100, 144, 200):
        path = load(file, ["ETH"], ticks)
        assert len(path) == ticks
        assert min(path.column("ETH")) == 450 * DOLLAR
        assert path.depth("ETH") == 5500


def test_the_window_is_36_hours_with_the_low_at_three_quarters(tmp_path):
    file = write(tmp_path, *crash("ETH", 1_000, hours=400, at=250))
    path = load(file, ["ETH"], 36)
    assert path.timestamps == tuple(START + (250 - 27 + i + 1) * HOUR for i in range(36))
    assert path.column("ETH").index(450 * DOLLAR) == 27


def test_the_window_stays_inside_the_file(tmp_path):
    late = load(write(tmp_path, *crash("ETH", 1_000, hours=60, at=59)), ["ETH"], 36)
    assert late.timestamps[-1] == START + 60 * HOUR
    early = load(write(tmp_path, *crash("ETH", 1_000, hours=60, at=2)), ["ETH"], 36)
    assert early.timestamps[0] == START + HOUR
    assert min(late.column("ETH")) == min(early.column("ETH")) == 450 * DOLLAR


def test_the_largest_fall_is_within_a_day():
    """10 -> 6 in one hour beats 20 -> 9 in a week."""
    slow = [Candle(i * HOUR, p, p, p, p) for i, p in enumerate(range(2000, 900, -10))]
    end = slow[-1].time
    fast = [Candle(end + HOUR, 1000, 1000, 1000, 1000), Candle(end + 2 * HOUR, 1000, 1000, 600, 990)]
    assert largest_fall(slow + fast) == end + 2 * HOUR


def test_resampling_keeps_the_last_price_and_fills_gaps():
    bars = [Candle(0, 10, 12, 9, 11), Candle(HOUR, 11, 13, 11, 12), Candle(4 * HOUR, 12, 20, 12, 19)]
    assert resample(bars, Window(0, HOUR, 6)) == [11, 12, 12, 12, 19, None]


def test_a_low_counts_only_where_it_stands_out():
    bars = [Candle(i * HOUR, 100, 101, low, 100) for i, low in enumerate((99, 98, 97, 60, 97, 98, 99))]
    assert resample(bars, Window(0, HOUR, 7)) == [100, 100, 100, 60, 100, 100, 100]


def test_missing_markets_follow_eth_and_are_named(tmp_path):
    path = load(write(tmp_path, *crash("ETH", 1_000), *crash("BTC", 20_000)))
    assert path.symbols == ("BTC", "ETH", "SOL", "LINK", "DOGE")
    assert [note.split()[0] for note in path.notes] == ["SOL", "LINK", "DOGE"]
    assert path.depth("ETH") == 5500
    assert 6000 < path.depth("SOL") < 9000


def test_a_market_that_ends_early_is_carried_on(tmp_path):
    path = load(write(tmp_path, *crash("ETH", 1_000), *calm("BTC", 20_000, hours=30)), ["BTC", "ETH"])
    btc, eth = path.column("BTC"), path.column("ETH")
    assert btc[0] == 20_000 * DOLLAR
    assert "BTC ends within the window" in path.notes[0]
    # ETH -55 % in one tick: BTC 400/550 of it.
    low = eth.index(min(eth))
    assert abs(btc[low] / btc[low - 1] - (eth[low] / eth[low - 1] - 1) * 400 / 550 - 1) < 1e-6


def test_a_market_that_begins_late_is_carried_back(tmp_path):
    late = [row(hour, "BTC", 14_000) for hour in range(45, 60)]
    path = load(write(tmp_path, *crash("ETH", 1_000), *late), ["BTC", "ETH"])
    assert path.column("BTC")[-1] == 14_000 * DOLLAR
    # ETH went -55 % and then +55.6 % (450 to 700): BTC felt 400/550 of each.
    felt = (1 - 0.55 * 400 / 550) * (1 + 250 / 450 * 400 / 550)
    assert path.column("BTC")[0] / (14_000 * DOLLAR) == pytest.approx(1 / felt, rel=1e-6)


def test_the_quote_token_is_priced_by_usdc_rows(tmp_path):
    usdc = [row(hour, "USDC_implied", 0.98 if hour > 35 else 1) for hour in range(60)]
    path = load(write(tmp_path, *crash("ETH", 1_000), *usdc), ["ETH"])
    assert (path.quote[0], path.quote[-1]) == (DOLLAR, DOLLAR * 98 // 100)
    assert path.notes == ("the quote token is priced by the file's USDC",)


def test_luna_is_left_out_and_others_too_when_markets_are_named(tmp_path):
    file = write(tmp_path, *crash("ETH", 1_000), row(1, "LUNA", 80))
    assert load(file, ["ETH"]).notes == ("LUNA in the file is left out",)
    file = write(tmp_path, *crash("ETH", 1_000), row(1, "PEPE", 1))
    assert load(file, ["ETH"]).symbols == ("ETH",)


def test_columns_in_any_order_times_in_any_form(tmp_path):
    lines = [f"{i},ETH,{START * 1000 + i * 3_600_000},5,5,5,5" for i in range(60)]
    file = write(tmp_path, *lines, header="volume,Symbol,Timestamp,close,low,high,open")
    assert load(file, ["ETH"], 12).timestamps[0] == START + 3 * HOUR * 3 - 6 * HOUR
    lines = [f"2023-11-{1 + i // 24:02}T{i % 24:02}:00:00+00:00,ETH,5,5,5,5" for i in range(60)]
    file = write(tmp_path, *lines, header=HEADER.removesuffix(",volume"))
    assert load(file, ["ETH"], 12).timestamps[0] == 1_698_796_800 + 3 * HOUR


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path):
    file = write(tmp_path, "", *crash("ETH", 1_000), "")
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert min(load(file, ["ETH"]).column("ETH")) == 450 * DOLLAR


def test_fewer_ticks_when_the_file_has_no_more(tmp_path):
    file = write(tmp_path, *crash("ETH", 1_000, hours=20, at=12))
    assert len(load(file, ["ETH"])) == 80


# ---- what is refused ---------------------------------------------------------------------------


def test_a_missing_file(tmp_path):
    assert refusal(tmp_path / "none.csv") == (
        f"cannot read {tmp_path / 'none.csv'}: No such file or directory; give --prices a CSV file"
    )
    assert "Is a directory" in refusal(tmp_path)


def test_not_text(tmp_path):
    file = tmp_path / "prices.csv"
    file.write_bytes(bytes(range(256)))
    assert refusal(file) == "is not a CSV text file: give --prices one in UTF-8"


def test_empty(tmp_path):
    file = tmp_path / "prices.csv"
    file.write_text("")
    assert refusal(file) == "is empty: the first line must be timestamp,symbol,open,high,low,close"
    assert refusal(write(tmp_path)) == "has no rows for BTC, ETH, SOL, LINK, DOGE: add some"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("timestamp,symbol,open,high,close", "line 1: the header has no column 'low'; it must be "),
        ("time,symbol,open,high,low,close", "line 1: the header has no column 'timestamp'; it must be "),
        (HEADER + ",low", "line 1: the header has more than one column 'low'; it must be "),
        ("1583884800,BTC,1,1,1,1", "line 1: the header has no column 'timestamp'; it must be "),
    ],
)
def test_a_wrong_header(tmp_path, header, message):
    assert refusal(write(tmp_path, *calm("ETH", 1), header=header)).startswith(message)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{t},ETH,1,1,x,1,1", "low 'x' is not a number; mend the row"),
        ("{t},ETH,1,1,,1,1", "low '' is not a number; mend the row"),
        ("{t},ETH,1,NaN,1,1,1", "high 'NaN' is not a positive price; mend the row"),
        ("{t},ETH,1,inf,1,1,1", "high 'inf' is not a positive price; mend the row"),
        ("{t},ETH,1,1,-1,1,1", "low '-1' is not a positive price; mend the row"),
        ("{t},ETH,0,1,0,1,1", "open '0' is not a positive price; mend the row"),
        ("{t},ETH,1e999999,1,1,1,1", "open '1e999999' is not between 1e-8 and 1e7 dollars; change the unit"),
        ("{t},ETH,1,1,1e-9,1,1", "low '1e-9' is not between 1e-8 and 1e7 dollars; change the unit"),
        ("{t},ETH,1,1,2,1,1", "open and close must lie between low and high; mend the row"),
        ("{t},ETH,1,1,1,2,1", "open and close must lie between low and high; mend the row"),
        ("{t},ETH,1,1", "4 fields, but the header has more; mend the row"),
        ("soon,ETH,1,1,1,1,1", "timestamp 'soon' is not Unix seconds; mend the row"),
        ("nan,ETH,1,1,1,1,1", "timestamp 'nan' is not Unix seconds; mend the row"),
        ("-5,ETH,1,1,1,1,1", "timestamp '-5' is not Unix seconds; mend the row"),
        ("7,ETH,1,1,1,1,1", "timestamp '7' is not from 1990 to 2099; change the unit"),
        ("99999999999,ETH,1,1,1,1,1", "timestamp '99999999999' is not from 1990 to 2099; change the unit"),
        (
            "99999999999999,ETH,1,1,1,1,1",
            "timestamp '99999999999999' is not from 1990 to 2099; change the unit",
        ),
        ("0001-01-01,ETH,1,1,1,1,1", "timestamp '0001-01-01' is not from 1990 to 2099; change the unit"),
        (
            "9999-12-31T23:59:59,ETH,1,1,1,1,1",
            "timestamp '9999-12-31T23:59:59' is not from 1990 to 2099; change the unit",
        ),
        ("{last},ETH,1,1,1,1,1", "a second row for ETH at {last}; remove one"),
        ("{before},ETH,1,1,1,1,1", "ETH goes back in time; sort the file by timestamp"),
        (
            "{t},PEPE,1,1,1,1,1",
            "unknown symbol 'PEPE'; use BTC, ETH, SOL, LINK, DOGE or pick markets with --markets",
        ),
        ("{t},,1,1,1,1,1", "unknown symbol ''; use BTC, ETH, SOL, LINK, DOGE or pick markets with --markets"),
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path, line, message):
    times = {"t": START + 60 * HOUR, "last": START + 59 * HOUR, "before": START + 58 * HOUR}
    file = write(tmp_path, *calm("ETH", 1), line.format(**times))
    assert refusal(file) == f"line 62: {message.format(**times)}"


def test_too_many_rows(tmp_path, monkeypatch):
    """A file of gigabytes would have been read into memory."""
    monkeypatch.setattr("crossmargin.demo.candles.MAX_ROWS", 60)
    rows = calm("ETH", 1)
    load(write(tmp_path, *rows[:60]))
    file = write(tmp_path, *[*rows, *rows][:61])
    assert refusal(file) == "has more than 60 rows: cut it to some days around the fall"


def test_a_device_is_no_file():
    assert refusal(Path("/dev/zero")) == "is a device: give --prices a CSV file"


@pytest.mark.parametrize(
    "content",
    [
        HEADER.encode() + b"\n" + b"x" * 200_000,
        HEADER.encode() + b'\n"',
        HEADER.encode("utf-16"),
        HEADER.encode() + b"\n1,ETH,\x00,1,1,1,1\n",
    ],
)
def test_a_file_that_is_no_csv(tmp_path, content):
    (file := tmp_path / "prices.csv").write_bytes(content)
    assert "\n" not in refusal(file)


def test_too_few_rows(tmp_path):
    file = write(tmp_path, *calm("ETH", 1, hours=11))
    assert refusal(file, markets=["ETH"]) == "has too few rows: 11 for ETH, at least 12 are needed"
    file = write(tmp_path, *calm("ETH", 1, hours=20))
    assert refusal(file, markets=["ETH"], ticks=81) == (
        "has too few rows for 81 ticks: 20 for ETH give at most --ticks 80"
    )


def test_a_named_market_that_is_absent(tmp_path):
    file = write(tmp_path, *calm("ETH", 1), *calm("LINK", 1))
    assert refusal(file, markets=["ETH", "SOL"]) == "has no SOL (it has ETH, LINK): leave it out of --markets"


def test_nothing_to_derive_missing_markets_from(tmp_path):
    file = write(tmp_path, *calm("SOL", 1), *calm("LINK", 1))
    assert refusal(file) == (
        "has no BTC, ETH, DOGE and neither ETH nor BTC to derive them from: pass --markets SOL,LINK"
    )
