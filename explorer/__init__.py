"""The explorer: the published warehouse in a browser, read-only and on this machine alone."""
