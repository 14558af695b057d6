"""The workbench in a browser: server-rendered pages, one small script, nothing from elsewhere."""
