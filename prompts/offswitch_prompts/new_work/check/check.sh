LC_ALL=C sort names.txt | cmp - "$HOME/sorted.txt"
