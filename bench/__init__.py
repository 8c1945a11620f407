"""The modules of `script/bench`."""
