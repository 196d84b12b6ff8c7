# Mends the three faults of the package.
sed -i 's|return clock(end) - clock(begin)|return (clock(end) - clock(begin)) % (24 * 60)|' timesheet/parsing.py
sed -i 's|return minutes // QUARTER|return (2 * minutes + QUARTER) // (2 * QUARTER)|' timesheet/rounding.py
sed -i 's|_, week, _ = |year, week, _ = |; s|found\[entry.day.year, week\]|found[year, week]|' timesheet/summary.py
python3 -m unittest
