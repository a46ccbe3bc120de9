#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""command_schema.py TROUPE COMMAND.md: what `troupe --json` writes of the node that the environment
names has the members that the document says, and no others. Of that node 'till' answers shop.Order,
is sent some all the while, and somebody waits for another."""

import json
import re
import subprocess
import sys

TROUPE, DOCUMENT = sys.argv[1:3]


def names(text):
    """Those in backquotes, but for what stands in parentheses."""
    quoted = re.findall(r"`([^`]*)`", re.sub(r"\([^()]*\)", "", text))
    return {name.strip() for one in quoted for name in one.strip("{}").split(",")}


def read_document():
    """The members of an actor, and by command those of its value and of its list's items."""
    with open(DOCUMENT, encoding="utf-8") as file:
        lines = file.read().split("## What programs read")[1].splitlines()
    actor = next(line for line in lines if line.startswith("**An actor**"))
    values, items = {}, {}
    for line in lines:
        row = re.fullmatch(r"\| (`.*`) \| (.*) \|", line)
        if row:
            head, _, rest = row[2].partition(": a list of ")
            for command in names(row[1]):
                values[command] = names(head) - {"OK"}
                items[command] = names(rest)
    values["top"] |= values["ps"]
    values["ask"] |= values["send"]
    return names(re.split(r"\. `state`", actor)[0]), values, items


def troupe(*arguments):
    """The last value of those that it writes."""
    output = subprocess.run([TROUPE, *arguments, "--json"], check=True, stdout=subprocess.PIPE,
                            text=True).stdout
    return json.loads(output.splitlines()[-1])


def check(what, found, said):
    if set(found) != said:
        sys.exit(f"{what}: written and not documented: {sorted(set(found) - said)}; "
                 f"documented and not written: {sorted(said - set(found))}")


def main():
    actor, values, items = read_document()
    found = {
        "ps": troupe("ps"),
        "top": troupe("top", "--count", "1", "--every", "0.1"),
        "tree": troupe("tree"),
        "waits": troupe("waits"),
        "send": troupe("send", "till", "shop.Order", '{"id": 1}'),
        "ask": troupe("ask", "till", "shop.Order", '{"id": 1}'),
        "tap": troupe("tap", "--count", "1", "till"),
    }
    with subprocess.Popen([TROUPE, "tap", "till"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as other:
        other.stdout.readline()  # now it is there
        found["peers"] = troupe("peers")
        other.terminate()
    for command, value in found.items():
        check(command, value, values[command])
    for command, key in (("tree", "roots"), ("waits", "waits"), ("peers", "peers")):
        for item in found[command][key]:
            check(f"an item of {command}", item, items[command])
        if not found[command][key]:
            sys.exit(f"{command}: its list is empty")
    for command in ("ps", "top"):
        for item in found[command]["actors"]:
            check(f"an actor of {command}", item, actor)
    check("an actor of tree", found["tree"]["roots"][0]["actor"], actor)
    print(f"{len(actor)} members of an actor, {len(found)} commands")


main()
