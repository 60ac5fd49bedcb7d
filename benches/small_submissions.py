"""Offers small files to a running daemon, one after the other, and counts what it answers. For small_submissions.sh."""

import json
import os
import socket
import sys
import time

board, seconds = sys.argv[1], float(sys.argv[2])
PERIODS = [f"20{year}-{year + 1}-Q{quarter}" for year in range(22, 25) for quarter in range(1, 5)]
MONTHS = {"1": ("04", "05", "06"), "2": ("07", "08", "09"), "3": ("10", "11", "12"), "4": ("01", "02", "03")}


def prevent(period, number):
    return f'Period,Referrals under 18,"Of these, adopted by Channel"\n{period},{number % 500},0\n'


def applications(period, number):
    year = int(period[:4]) + (period[-1] == "4")
    rows = [f"{period},{year}-M{month},{number % 400},{500 + number % 400}\n" for month in MONTHS[period[-1]]]
    return "quarter,month,applications,children_in_applications\n" + "".join(rows)


def plans(period, number):
    return (
        "period,area,plans_open_at_end,plans_started,second_or_subsequent_plans,plans_ended,"
        "ended_after_two_years_or_more,children_0_17_previous_mid_year\n"
        f"{period},Exampleshire,{100 + number % 4000},64,21,58,3,46410\n"
    )


RETURNS = [
    ("prevent-referrals", "probation", prevent),
    ("care-applications", "cafcass", applications),
    ("child-protection", "children-services", plans),
]


def ask(command):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(os.path.join(board, "data/control.sock"))
        line.sendall(json.dumps(command).encode() + b"\n")
        return json.loads(line.makefile().readline())


file = os.path.join(board, "offered.csv")
began, taken, slowest, verdicts = time.monotonic(), 0, 0.0, {}
while time.monotonic() - began < seconds:
    name, agency, text = RETURNS[taken % len(RETURNS)]
    period = PERIODS[taken // len(RETURNS) % len(PERIODS)]
    with open(file, "w") as out:
        out.write(text(period, taken))
    asked = time.monotonic()
    reply = ask(
        {"command": "submit", "file": file, "return_id": name, "agency": agency, "period": period, "actor": "bench"}
    )
    slowest = max(slowest, time.monotonic() - asked)
    verdict = reply.get("judged", {}).get("verdict") or str(reply)[:200]
    verdicts[verdict] = verdicts.get(verdict, 0) + 1
    taken += 1
spent = time.monotonic() - began
print(f"{taken} submissions in {spent:.0f} s: {taken * 60 / spent:.0f} a minute (goal 1,000); the slowest {slowest:.2f} s")
print(", ".join(f"{count} {verdict}" for verdict, count in verdicts.items()))
