"""The command line as its users run it: processes, exit codes, output, Ctrl-C; and the demo, whose verdict can fail."""
