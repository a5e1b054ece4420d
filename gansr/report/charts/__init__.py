"""Numbers as charts, which plotly draws."""
