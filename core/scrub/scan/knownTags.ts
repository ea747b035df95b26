import type { FakeTag } from "../tags";

/**
 * What of a value's text tells whose it is:
 *
 * - `name`: two words or more, also with the last one first or without those between; a single word as `single`.
 * - `single`: one word, counted only where a column asks for it (`singleNames`), with at least `SHORTEST_NAME` letters,
 *   and not when it is also a common word. With the other half of the row's name it counts as a name everywhere.
 * - `phrase`: two words or more, up to the first four.
 * - `number`: at least nine digits; what has fewer is everybody's.
 * - `code`: one word of six characters or more with a letter in it, or several.
 * - `none`: small integers are everywhere; that keys are changed is proven by the mask's tests.
 */
export type Treatment = "name" | "single" | "phrase" | "number" | "code" | "none";

export const TREATMENTS: Readonly<Record<FakeTag, Treatment>> = {
  "person.name": "name",
  "person.given": "single",
  "person.family": "single",
  "person.username": "code",
  "gov.ssn": "number",
  "contact.email": "code",
  "contact.phone": "number",
  "addr.street": "phrase",
  "fin.card": "number",
  "fin.account": "number",
  "id.integer": "none",
  "id.uuid": "code",
  "id.text": "code",
};

export const SHORTEST_NAME = 5;
export const SHORTEST_CODE = 6;
/** Words of one value that are looked at together. */
export const MOST_WORDS = 4;

/** Given and family names that English prose, places, months and forms are full of. A caller adds its own. */
export const COMMON_WORDS: readonly string[] = (
  "adams angel april august austin baker banks barber bishop black brook brooks brown burns bush carpenter carter chance " +
  "charity chase christian church clark clay cliff cook cooper crystal daisy dallas dawn dean denver diamond douglas " +
  "drake east eden english faith farmer fields fisher flores flowers forest foster france franklin freeman garden gardner " +
  "georgia glass grace grant graves gray green hall harmony harper hayes heaven henry hills holiday hope houston hunter " +
  "iris israel ivory jackson jasmine jefferson jersey jewel johnson jordan judge justice king kings knight lake lane " +
  "lawyer liberty lincoln little london long love madison major marina marks marsh marshall martin mason may melody mercy " +
  "miles mills monroe montana moore morgan north norman olive orange page paige paris park parks patience pearl phoenix " +
  "police pope porter powers price prince queen raven reading reed rich rivers robin rocky rose royal ruby rush sandy " +
  "savannah sharp shepherd short sierra singer skinner small smith snow south spring stanley star steele stone storm " +
  "strong summer summers sunday sydney taylor temple terry thomas thompson tucker turner tyler union valentine victor " +
  "victoria virginia walker waters weaver webb wells west wheeler white williams willow winter winters wolf wood woods " +
  "worth wright young"
).split(" ");
