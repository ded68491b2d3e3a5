"""HTML pages and figures drawn from tables. Nothing here computes a statistic."""
