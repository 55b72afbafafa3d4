"""Discovery: which components the installed distributions declare."""
