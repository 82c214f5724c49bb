"""Files to import with faults of every kind, and what is to be told of each."""

import json

from catalogue.test_imports import METADATA

UTF8 = "is not Unicode text in UTF-8: save the file as UTF-8"
NO_NAME = "is no name: letters, digits and _, from a letter on, at most 64"
HUGE = "x" * 10_000_000
ROLE = "person, person_id, person_aliases, character, aliases"

FAULTS = {
    "unknown title": (
        "f.csv",
        "title,a\nNowhere,1\n",
        ["row 2, column title: 'Nowhere' is no title here: see watchdown titles"],
    ),
    "nearly a title": (
        "f.csv",
        "title,a\nharbour,1\n",
        ["row 2, column title: 'harbour' is no title here: there is Harbour"],
    ),
    "ambiguous name": (
        "f.csv",
        "title,a\nTwin,1\n",
        ["row 2, column title: 'Twin' is the name of 2 titles: write an id (t4, t5)"],
    ),
    "no title": ("f.csv", "title,a\n ,1\n", ["row 2, column title: is empty"]),
    "a title twice": (
        "f.csv",
        "title,a\nHarbour,1\nMeadow,1\nt1,1\n",
        ["row 4, column title: 't1' is the title of row 2, too"],
    ),
    "a role twice": (
        "f.csv",
        "title,person,character\nHarbour,Zoë,A\nHarbour,ZOE,A\n",
        ["row 3, column person: 'ZOE' has this role twice in this title"],
    ),
    "a group twice": (
        "f.csv",
        "title,group\nHarbour,a\nHarbour,a\n",
        ["row 3, column group: 'a' stands in row 2 for this title, too"],
    ),
    "wrong kinds": (
        "f.csv",
        "title,n:number,b:boolean,l:list\nHarbour,x,maybe,a||b\nMeadow,1_0,2,|\n",
        [
            "row 2, column b: 'maybe' is neither true nor false",
            "row 2, column l: 'a||b' has nothing on one side of a |",
            "row 2, column n: 'x' is no number: write it as 1994 or 7.5",
            "row 3, column b: '2' is neither true nor false",
            "row 3, column l: '|' has nothing on one side of a |",
            "row 3, column n: '1_0' is no number: write it as 1994 or 7.5",
        ],
    ),
    "numbers out of reach": (
        "f.csv",
        "title,n:number\nHarbour,1e999\nMeadow,9007199254740993\nt3,nan\n",
        [
            "row 2, column n: inf is no finite number",
            f"row 3, column n: 9007199254740993 is beyond ±{2**53:,}, where numbers are no longer exact",
            "row 4, column n: 'nan' is no number: write it as 1994 or 7.5",
        ],
    ),
    "unknown kind": (
        "f.csv",
        "title,year:int\nHarbour,1\n",
        ["row 1, column 2: 'year:int' is of an unknown kind: known are text, number, boolean, list"],
    ),
    "a column twice": (
        "f.csv",
        "title,Genre,genre\nHarbour,a,b\n",
        ["row 1, column genre: stands twice in the heading"],
    ),
    "no column name": (
        "f.csv",
        "title,1st\nHarbour,a\n",
        [f"row 1, column 2: '1st' {NO_NAME}"],
    ),
    "no heading": (
        "f.csv",
        "title,\nHarbour,a\n",
        ["row 2, column 2: 'a' stands in a column without a heading"],
    ),
    "no column title": (
        "f.csv",
        "name,a\nHarbour,1\n",
        ["row 1, column title: is missing: the heading of every file has it"],
    ),
    "a cast without people": (
        "f.csv",
        "title,character\nHarbour,A\n",
        ["row 1, column 2: 'character' belongs to a cast list, which has the column person, too"],
    ),
    "strange columns of a cast": (
        "f.csv",
        "title,person,role\nHarbour,A,B\n",
        [
            f"row 1, column 3: 'role' is no column of a cast list: known are title, {ROLE}",
        ],
    ),
    "strange columns of rights": (
        "f.csv",
        "title,group,until\nHarbour,A,B\n",
        ["row 1, column 3: 'until' is no column of a list of rights: known are title, group"],
    ),
    "cells that do not match": (
        "f.csv",
        "title,a\nHarbour\nMeadow,1,2\n",
        ["row 2: has 1 cells, the heading has 2", "row 3: has 3 cells, the heading has 2"],
    ),
    "an open quotation": (
        "f.csv",
        'title,a\nHarbour,"x\n',
        ["row 2: unexpected end of data; what follows was not read"],
    ),
    "latin-1": (
        "f.csv",
        "title,país,a\nCafé,x,ñ\n".encode("latin-1"),
        [
            f"row 1, column 2: 'pa\\udceds' {UTF8}",
            f"row 2, column a: '\\udcf1' {UTF8}",
            f"row 2, column title: 'Caf\\udce9' {UTF8}",
        ],
    ),
    "UTF-16": ("f.csv", METADATA.encode("utf-16"), ["is in UTF-16: save the file as UTF-8"]),
    "ten megabytes": (
        "f.csv",
        f"title,a,n:number\nHarbour,1,x\nMeadow,{HUGE},1\nt3,1,1\n",
        [
            "row 2, column n: 'x' is no number: write it as 1994 or 7.5",
            "row 3: a cell is longer than 100,000 characters; what follows was not read",
        ],
    ),
    "a hundred kilobytes": (
        "f.csv",
        f"title,a\nHarbour,{HUGE[:100_001]}\n",
        [f"row 2, column a: {'x' * 80!r}... of 100001 characters is longer than 100,000 characters"],
    ),
    "control characters": (
        "f.csv",
        "title,a,l:list\nHarbour,a\x00b,c\x1b[31m\nMea\x07dow,1,2\n",
        [
            "row 2, column a: 'a\\x00b' has a control character (U+0000)",
            "row 2, column l: ['c\\x1b[31m'] has a control character (U+001B)",
            "row 3, column title: 'Mea\\x07dow' has a control character (U+0007)",
        ],
    ),
    "empty": ("f.csv", " \n", ["is empty"]),
    "another ending": ("f.xlsx", "", ["is of an unknown kind: known are .csv, .tsv, .json, .jsonl"]),
    "nameless people": (
        "f.csv",
        "title,person,character\nHarbour,???,A\nHarbour,,B\n",
        ["row 2, column person: '???' has no letter", "row 3, column person: is empty"],
    ),
    "an id that is none": (
        "f.csv",
        "title,person,person_id\nHarbour,A,Omar Sy\n",
        ["row 2, column person_id: 'Omar Sy' is no id of a person: write omar-sy"],
    ),
    "an id of two": (
        "f.csv",
        "title,person,person_id\nHarbour,A,x\nMeadow,B,x\n",
        ["row 3, column person: 'B' is x, who is called A in row 2"],
    ),
    "a taken id": (
        "f.csv",
        "title,person,person_id\nHarbour,Someone,a-b\nMeadow,A B,\n",
        ["row 3, column person: 'A B' needs a person_id of its own: a-b is Someone"],
    ),
    "two of a name": (
        "f.csv",
        "title,person,person_id\nHarbour,A,a1\nMeadow,A,a2\nt3,A,\n",
        ["row 4, column person: 'A' is the name of 2 people: write a person_id (a1, a2)"],
    ),
    "all and nothing": (
        "f.csv",
        "title,group\nHarbour,a\nHarbour,\n",
        ["row 3, column title: 'Harbour' has a row without names, which removes all, beside others"],
    ),
    "two kinds in a file": (
        "f.jsonl",
        '{"title": "t1", "metadata": {"a": 1}}\n\n{"title": "t2", "metadata": {"a": true}}',
        ["row 3, column a: True is true or false, but row 1 has a number"],
    ),
    "no JSON": (
        "f.json",
        "[{",
        ["is no JSON (Expecting property name enclosed in double quotes: line 1 column 3 (char 2))"],
    ),
    "no JSON in a line": (
        "f.jsonl",
        '{"title": "t1"}\n{"title": }\nnull\n[]\n',
        [
            "row 2: is no JSON (Expecting value: line 1 column 11 (char 10))",
            "row 3: says nothing (null)",
            "row 4: [] is no object",
        ],
    ),
    "nested JSON": ("f.json", "[" * 100_000, ["is nested too deeply"]),
    "JSON of another shape": (
        "f.json",
        '"x"',
        ["is neither a list of titles nor an object with titles and people"],
    ),
    "strange keys": (
        "f.json",
        '{"title": [], "titles": [{"title": "t1", "genre": 1, "cast": [{"person": "A", "actor": "B"}]}]}',
        [
            "column title: is no key here: known are titles, people",
            f"row 1, column cast[1].actor: is no key here: known are {ROLE}",
            "row 1, column genre: is no key here: known are title, metadata, cast, rights",
        ],
    ),
    "a key twice": (
        "f.json",
        '[{"title": "t1", "title": "t2"}]',
        ["column title: stands twice in one object"],
    ),
    "wrong JSON types": (
        "f.json",
        json.dumps(
            [
                7,
                {"metadata": {}},
                {"title": 1},
                {"title": "t1", "metadata": [], "cast": {"a": 1}, "rights": "editors"},
                {"title": "t2", "metadata": {"a": {"b": 1}, "b": [1], "c:number": 1, "D": 1, "d": 2}},
                {"title": "t3", "cast": [{"character": "A"}, "B"], "rights": [""]},
            ]
        ),
        [
            "row 1: 7 is no object",
            "row 2, column title: is missing",
            "row 3, column title: 1 is no text",
            "row 4, column cast: {'a': 1} is no list",
            "row 4, column metadata: [] is no object",
            "row 4, column rights: 'editors' is no list",
            "row 5, column metadata: {'a': {'b': 1}, 'b': [1], 'c:number': 1, 'D': 1, 'd': 2} says d twice",
            "row 6, column cast[1].person: is missing",
            "row 6, column cast[2]: 'B' is no object",
            "row 6, column rights[1]: is empty",
        ],
    ),
    "wrong JSON values": (
        "f.json",
        '[{"title": "t2", "metadata": {"a": {"b": 1}, "b": [1], "c:number": 1, "d": NaN, "e": "\\ud800"}}]',
        [
            "row 1, column metadata.a: {'b': 1} is an object, where a value is asked for",
            "row 1, column metadata.b: [1] is no text",
            f"row 1, column metadata.c:number: 'c:number' {NO_NAME}",
            "row 1, column metadata.d: nan is no finite number",
            f"row 1, column metadata.e: '\\ud800' {UTF8}",
        ],
    ),
    "people at fault": (
        "f.json",
        '{"people": [{"id": "A B", "name": ""}, {"id": "x", "name": "X"}, {"id": "x", "name": "Y"}]}',
        [
            "row 1, column people.id: 'A B' is no id of a person: write a-b",
            "row 1, column people.name: is empty",
            "row 3, column person: 'Y' is x, who is called X in row 2",
        ],
    ),
}
