"""The liquidation fire drill: can every account be liquidated? See `crossmargin.drill.course`."""
