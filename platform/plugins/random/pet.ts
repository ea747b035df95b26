import { type Chance, fromSystem, pick } from "./sample";

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const NAMES = words(`
  albatross alpaca antelope badger barnacle beaver bison bobcat buzzard caribou cheetah chipmunk cicada condor cormorant
  coyote cricket crow dingo dolphin dove eagle egret elk falcon ferret finch firefly flamingo fox gannet gazelle gecko
  gibbon goose gopher grouse gull hare hawk hedgehog heron herring hornet ibex ibis iguana jackal jaguar kestrel kingfisher
  kite lark lemming lemur leopard linnet lizard llama loon lynx mackerel magpie marmot marten mink mole moose moth muskrat
  newt nightingale ocelot okapi opossum oriole osprey otter owl oyster panther partridge pelican penguin perch pheasant
  pike plover porcupine puffin puma quail raccoon raven robin salmon sandpiper seal shrew skylark sparrow squirrel starling
  stoat stork sturgeon swallow swan swift tapir teal tern thrush toad tortoise trout turbot turtle vole walrus wapiti weasel
  whale wolverine wombat woodchuck woodcock wren yak zebra`);

const ADJECTIVES = words(`
  able active agile airy alert amber ample apt autumn azure balanced bold brave bright brisk broad busy calm candid careful
  civil clean clear clever close cool crisp dapper daring deep deft distant eager early earnest easy even exact fair famous
  fast fine firm fit fleet fluent fond frank free fresh full gentle glad golden good grand great green handy happy hardy
  hearty helpful honest humble ideal intent just keen kind known large lasting light lively loyal lucid lucky lunar mellow
  merry mighty mild modest native neat nimble noble novel open patient plain polite prime prompt proper proud prudent quick
  quiet rapid rare ready real rich robust rural safe sage settled sharp shining simple sincere smooth sober solid sound
  spry stable steady stout strong sturdy subtle sunny sure tall tame tender tidy trim true trusty upright useful valid
  vast vital vivid warm wary wide willing wise worthy young zesty`);

const ADVERBS = words(`
  actually amply aptly barely boldly bravely briefly brightly broadly calmly carefully cheerfully clearly closely commonly
  constantly daily deeply duly eagerly early easily equally evenly exactly fairly finely firmly fondly frankly freely fully
  generally gently gladly gratefully greatly happily honestly jointly justly keenly kindly largely lightly likely lively
  loosely mainly merely mildly mostly nearly neatly newly nicely notably openly oddly overly partly patiently plainly
  politely possibly presently probably promptly properly quickly quietly rapidly rarely readily really regularly rightly
  roughly safely seldom simply slightly slowly smoothly softly solely soundly steadily strictly strongly suddenly surely
  swiftly tenderly thankfully thoroughly tightly totally truly usefully usually vastly vividly warmly widely wisely`);

/** `length` words: adverbs, an adjective, and an animal at the end. */
export function petName(length: number, separator: string, prefix?: string, chance: Chance = fromSystem): string {
  const adverbs = Array.from({ length: Math.max(0, length - 2) }, () => pick(ADVERBS, chance));
  const adjective = length >= 2 ? [pick(ADJECTIVES, chance)] : [];
  const name = length >= 1 ? [pick(NAMES, chance)] : [];
  const head = prefix === undefined || prefix === "" ? [] : [prefix];
  return [...head, ...adverbs, ...adjective, ...name].join(separator);
}
