"""Log streams: files and journal units, followed line by line."""
