"""One call, one page, one bulk run, done right. Its modules are imported by name; see CONTRIBUTING for their order."""
