# Works out the table as JOB.md has it.
python3 - <<'END'
import csv, glob
from decimal import Decimal
v = {}
for p in sorted(glob.glob("readings/*.csv")):
    for r in csv.DictReader(open(p)):
        a = Decimal(r["amount"] or "-999") * (Decimal("25.4") if r["unit"] == "in" else 1)
        if a >= 0: v[r["station"].strip().lower(), r["date"]] = a
m = {}
for (s, d), a in v.items(): m.setdefault((s, d[:7]), []).append(a)
with open("out/monthly.csv", "w") as f:
    print("station,month,days,total_mm", file=f)
    for (s, k), l in sorted(m.items()): print(s, k, len(l), f"{sum(l):.1f}", sep=",", file=f)
END
