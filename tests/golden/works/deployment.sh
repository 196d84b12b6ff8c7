# Takes the steps of UPGRADE.md.
cp releases/1.8/serve releases/1.8/VERSION app/ && cp releases/1.8/templates/* app/templates/ && echo "2024-05-06 1.8" >> releases.log
python3 -c '
import json
s = json.load(open("app/settings.json")); s["timeout_s"] = s.pop("timeout"); s["currency"] = "EUR"
json.dump(s, open("app/settings.json", "w"), indent=2)
o = json.load(open("app/data/orders.json"))
for one in o: one["price_cents"] = round(100 * one.pop("price"))
json.dump(o, open("app/data/orders.json", "w"), indent=1)'
./app/serve --dry-run
