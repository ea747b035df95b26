import assert from "node:assert/strict";
import * as fc from "fast-check";
import { parseRelationName, relationText } from "../../../core/scrub/relationName";
import { parseScrubRules } from "../../../core/scrub/rules";
import { quoteName, quoteText } from "../../../core/scrub/sql";

const TABLE = "tables:\n  public.people:\n    columns:\n";

const problemsOf = (text: string): readonly string[] => {
  const parsed = parseScrubRules(text, "scrub.yaml");
  return parsed.ok ? [] : parsed.problems;
};

describe("scrub rules", () => {
  it("are read with their defaults: a tag alone, one set of all quasi-identifiers, an epoch for each snapshot", () => {
    const parsed = parseScrubRules(
      `owner: data office
tables:
  public.people:
    columns:
      id: id.integer
      born: quasi.birthdate
      zip: { tag: quasi.zip }
      note: text.free
      ssn: { tag: gov.ssn, form: reserved }
      doc: { tag: json, paths: { "members.*.name": person.name } }
leftOut:
  public.log: { reason: nobody needs it }
`,
      "scrub.yaml",
    );
    assert.ok(parsed.ok);
    const { epoch, tables, leftOut, largeObjects } = parsed.value;
    assert.deepEqual([epoch, largeObjects], ["per-snapshot", null]);
    const people = tables.get("public.people");
    assert.deepEqual(people?.sets, [{ columns: ["born", "zip"], k: 5 }]);
    assert.deepEqual(people.columns.get("note"), { tag: "text.free", how: "replace", holds: [] });
    assert.deepEqual(people.columns.get("ssn"), { tag: "gov.ssn", form: "reserved", holds: [] });
    assert.deepEqual(people.columns.get("doc"), {
      tag: "json",
      paths: new Map([["members.*.name", { tag: "person.name" }]]),
      holds: [],
    });
    assert.equal(leftOut.get("public.log")?.owner, "data office");
  });

  const CASES: readonly { what: string; text: string; problems: readonly string[] }[] = [
    {
      what: "a tag that does not exist",
      text: `${TABLE}      id: id.intger\n`,
      problems: [
        'scrub.yaml:4: tables["public.people"].columns.id: got "id.intger"; allowed is one of person.name, person.given, person.family, person.username, gov.ssn, contact.email, contact.phone, addr.street, fin.card, fin.account, id.integer, id.uuid, id.text, quasi.date, quasi.birthdate, quasi.zip, quasi.age, quasi.category, text.free, json, drop, public; did you mean id.integer?',
      ],
    },
    {
      what: "an option that the tag does not have",
      text: `${TABLE}      id: { tag: id.integer, form: token }\n`,
      problems: [
        'scrub.yaml:4: tables["public.people"].columns.id.form: got an unknown key; allowed is one of tag, holds; remove it',
      ],
    },
    {
      what: "public without owner or reason",
      text: `${TABLE}      crop: public\n`,
      problems: [
        'scrub.yaml:4: tables["public.people"].columns.crop.reason: got nothing; allowed is a text; say why nobody is harmed by it',
      ],
    },
    {
      what: "an owner who is nowhere named",
      text: `${TABLE}      crop: { tag: public, reason: a crop }\nleftOut:\n  public.log: { reason: none }\n`,
      problems: [
        'scrub.yaml:4: tables["public.people"].columns.crop.owner: got nothing; allowed is the people who answer for it; name them here, or once for the table or the file',
        'scrub.yaml:6: leftOut["public.log"].owner: got nothing; allowed is the people who answer for it; name them here, or once for the table or the file',
      ],
    },
    {
      what: "a quasi-identifier inside a document",
      text: `${TABLE}      doc: { tag: json, paths: { zip: quasi.zip } }\n`,
      problems: [
        'scrub.yaml:4: tables["public.people"].columns.doc.paths.zip: got "quasi.zip"; allowed is one of person.name, person.given, person.family, person.username, gov.ssn, contact.email, contact.phone, addr.street, fin.card, fin.account, id.integer, id.uuid, id.text, text.free, drop, public; write what the values are, as `tag` or as { tag: …, … }',
      ],
    },
    {
      what: "a document without paths",
      text: `${TABLE}      doc: json\n`,
      problems: [
        'scrub.yaml:4: tables["public.people"].columns.doc.paths: got nothing; allowed is a map; write one line `name: value` for each',
      ],
    },
    {
      what: "a table by half a name",
      text: "tables:\n  people:\n    columns: { id: id.text }\n",
      problems: [
        'scrub.yaml:2: tables.people: got the key "people"; allowed is schema.table; write both names as PostgreSQL has them, in double quotes where they have a dot: public."a.b"',
      ],
    },
    {
      what: "a table twice, under two spellings, and left out",
      text: `tables:\n  public.people: { columns: {} }\n  '"public".people': { columns: {} }\nleftOut:\n  public.people: { owner: a, reason: b }\n`,
      problems: [
        'scrub.yaml:3: tables["\\"public\\".people"]: got public.people a second time; allowed is each table once, with rules or left out; remove one of the two',
        'scrub.yaml:5: leftOut["public.people"]: got public.people a second time; allowed is each table once, with rules or left out; remove one of the two',
      ],
    },
    {
      what: "a set of a column that is none, and a quasi-identifier in no set",
      text: `${TABLE}      name: person.name\n      zip: quasi.zip\n    sets: [{ columns: [name, size], k: 1 }]\n`,
      problems: [
        'scrub.yaml:6: tables["public.people"].sets[0].k: got 1; allowed is a whole number from 2 to 1000; leave it out for 5',
      ],
    },
    {
      what: "a set of columns that are not quasi-identifiers",
      text: `${TABLE}      name: person.name\n      zip: quasi.zip\n    sets: [{ columns: [name, size] }]\n`,
      problems: [
        'scrub.yaml:5: tables["public.people"].columns.zip: got the tag quasi.zip in no set; allowed is each column with a tag quasi.* in at least one set; add it to one under sets, or leave sets out: then all of them are one set',
        'scrub.yaml:6: tables["public.people"].sets[0].columns[0]: got name, which is tagged person.name; allowed is columns of this table with a tag quasi.*; tag it quasi.date, quasi.birthdate, quasi.zip, quasi.age, quasi.category, or take it out of the set',
        'scrub.yaml:6: tables["public.people"].sets[0].columns[1]: got size, which has no rule; allowed is columns of this table with a tag quasi.*; tag it quasi.date, quasi.birthdate, quasi.zip, quasi.age, quasi.category, or take it out of the set',
      ],
    },
    {
      what: "an unknown finding that is acknowledged",
      text: `${TABLE}      crop: { tag: public, owner: a, reason: b, acknowledged: [name] }\n`,
      problems: [
        'scrub.yaml:4: tables["public.people"].columns.crop.acknowledged[0]: got "name"; allowed is one of names, ssn, card, phone, email, prose, distinct; write what the values look like without being it',
      ],
    },
    {
      what: "no YAML",
      text: "tables: [",
      problems: [
        "scrub.yaml:1:10: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
      ],
    },
    {
      what: "nothing",
      text: "",
      problems: [
        "scrub.yaml:1: got null; allowed is a map; write it with the keys owner, epoch, tables, leftOut, largeObjects",
      ],
    },
    {
      what: "a column whose rule is no rule",
      text: `${TABLE}      id: 7\n`,
      problems: [
        'scrub.yaml:4: tables["public.people"].columns.id: got 7; allowed is one of person.name, person.given, person.family, person.username, gov.ssn, contact.email, contact.phone, addr.street, fin.card, fin.account, id.integer, id.uuid, id.text, quasi.date, quasi.birthdate, quasi.zip, quasi.age, quasi.category, text.free, json, drop, public; write what the values are, as `tag` or as { tag: …, … }',
      ],
    },
  ];

  for (const { what, text, problems } of CASES) {
    it(`say what is wrong with ${what}`, () => {
      assert.deepEqual(problemsOf(text), problems);
    });
  }

  it("never repeat a literal, which may be a person's", () => {
    const [problem = ""] = problemsOf(`${TABLE}      note: { tag: drop, literal: [SECRET-1] }\n`);
    assert.match(problem, /literal/);
    assert.doesNotMatch(problem, /SECRET-1/);
  });
});

describe("names in rules and SQL", () => {
  const NAME = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" });

  it("are read as they were written, whatever stands in them", () => {
    fc.assert(
      fc.property(NAME, NAME, (schema, table) => {
        assert.deepEqual(parseRelationName(relationText({ schema, table })), { schema, table });
      }),
    );
    assert.deepEqual(parseRelationName('"a.b"."c""d"'), { schema: "a.b", table: 'c"d' });
    for (const bad of ["people", "a.b.c", "a.", ".b", 'a."b', ""]) assert.equal(parseRelationName(bad), undefined);
  });

  it("are quoted so that nothing in them ends the quotes", () => {
    assert.equal(quoteName('a"b'), '"a""b"');
    assert.equal(quoteText("it's"), "'it''s'");
    assert.equal(quoteText("a\\'b"), " E'a\\\\''b'");
  });
});
