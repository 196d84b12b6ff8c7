# Lists the decisions of all meetings, in order.
for file in minutes/*.md; do
  date=$(basename "$file" .md)
  sed -n "s/^Decision: /$date: /p" "$file"
done > decisions.md
