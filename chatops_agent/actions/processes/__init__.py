"""Starting, watching, finding and ending processes, and the bytes to and from them."""
