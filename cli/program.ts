import { Command as Commander, CommanderError } from "commander";
import { version } from "../package.json";
import { CancelledError, reasonOf, RefusedError } from "../platform/errors";
import { EXIT, Invocation, UsageError, type Command, type Io, type ProgramSpec } from "./command";

/** Runs a program with the words after its name; the exit code is the answer. Never throws, never exits. */
export async function runProgram(program: ProgramSpec, words: readonly string[], io: Io): Promise<number> {
  let code: number = EXIT.done;
  const root = new Commander(program.name);
  configure(root, io)
    .description(program.summary)
    .version(`${program.name} ${version} (Node.js ${process.version})`, "--version", "print the version");
  const finished: Promise<void>[] = [];
  for (const command of program.commands) {
    const target = command.name === "" ? root : descend(root, command.name.split(" "), program, io);
    declare(target, command, async (invocation) => {
      code = (await command.run(invocation, io)) ?? EXIT.done;
    });
  }
  try {
    await root.parseAsync([...words], { from: "user" });
    await Promise.all(finished);
    return code;
  } catch (error) {
    return report(error, program.name, io);
  }
}

function configure(command: Commander, io: Io): Commander {
  return (
    command
      .exitOverride()
      // `hms-deploy` and `hms-deploy rollback` both have --env: each command reads its own.
      .enablePositionalOptions()
      .configureOutput({
        writeOut: (text) => void io.out.write(text),
        writeErr: (text) => void io.err.write(text),
        // Reported once, as the last line.
        outputError: () => undefined,
      })
      .showSuggestionAfterError(true)
      .helpCommand(false)
  );
}

/** The command of that path, made with its parents where they do not exist. */
function descend(root: Commander, words: readonly string[], program: ProgramSpec, io: Io): Commander {
  let current = root;
  for (const word of words) {
    const known: Commander | undefined = current.commands.find((candidate) => candidate.name() === word);
    current = known ?? configure(current.command(word), io).description(program.groups?.[word] ?? "");
  }
  return current;
}

function declare(target: Commander, command: Command, run: (invocation: Invocation) => Promise<void>): void {
  target.description(command.summary);
  for (const { syntax, description } of command.arguments ?? []) target.argument(syntax, description);
  for (const option of command.options ?? []) target.option(option.flags, option.description, option.default);
  if (command.passThrough === true) target.allowUnknownOption().allowExcessArguments().helpOption(false);
  if (command.examples.length > 0)
    target.addHelpText("after", `\nExamples:\n${command.examples.map((line) => `  ${line}`).join("\n")}`);
  target.action(async () => {
    const positional = target.args;
    const rest = command.passThrough === true ? positional : [];
    await run(new Invocation(target.opts(), positional, rest));
  });
}

/** Says why a command did not do its work: the reason is the last line. A bug keeps its stack. */
export function report(error: unknown, program: string, io: Io): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0 || error.code === "commander.helpDisplayed" || error.code === "commander.version")
      return EXIT.done;
    // Commander prints a group's help where a word is missing; only the reason remains to be said.
    const reason =
      error.code === "commander.help" ? `${program}: a command is missing` : error.message.replace(/^error: /, "");
    io.err.write(`${reason} (see: ${program} --help)\n`);
    return EXIT.misused;
  }
  if (error instanceof CancelledError || io.signal.aborted) {
    io.err.write(`${error instanceof CancelledError ? error.message : `cancelled: ${reasonOf(error)}`}\n`);
    return EXIT.cancelled;
  }
  if (error instanceof UsageError) {
    io.err.write(`${error.message} (see: ${program} --help)\n`);
    return EXIT.misused;
  }
  if (isForeseen(error)) {
    io.err.write(`${error.message}\n`);
    return EXIT.refused;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.err.write(`${stack}\n${program}: this is a bug: ${reasonOf(error)}\n`);
  return EXIT.refused;
}

/** Errors whose message is meant for the user; the cluster's own client words its refusals that way too. */
function isForeseen(error: unknown): error is Error {
  return error instanceof RefusedError || (error instanceof Error && /^Kube(Api|Unreachable)Error$/.test(error.name));
}
