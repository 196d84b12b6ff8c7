"""New wordings of a level, made by one model and judged by others; blind to how any trial ended.

`loop` asks, by way of `journal`; `structure` and `judges` refuse; `bank` weighs; `writing` makes a pack of the rest.
Nothing here knows a record, a verdict or a log: wordings chosen by their outcomes would make rates of nothing.
"""
