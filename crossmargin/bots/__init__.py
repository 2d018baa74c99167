"""Programs that keep a venue running: a keeper of orders and a liquidator. Each is its own process with its own key."""
