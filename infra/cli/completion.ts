import type { Command } from 'commander';
import { tasks } from '../../functions/tasks.ts';
import { UsageError } from './usage-error.ts';

/** Commands whose argument is the name of a task. */
const OF_TASKS = [
  'ronde run',
  'ronde loop',
  ...['run', 'pause', 'resume'].map((verb) => `ronde scheduler ${verb}`),
];
const SHELLS: Readonly<Record<string, string>> = {
  bash: '',
  zsh: 'autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n',
};

/** Adds `ronde completion bash|zsh`. `loadAll` adds the other commands to the program first. */
export function addCompletion(
  program: Command,
  print: (text: string) => void,
  loadAll: () => Promise<void>,
): void {
  program
    .command('completion <shell>')
    .description('print a script that completes commands, options and tasks: bash or zsh')
    .addHelpText('after', "\nIn ~/.bashrc or ~/.zshrc\n  alias ronde='npx ronde'; source FILE")
    .action(async (shell: string) => {
      const start = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
      if (start === undefined)
        throw new UsageError(
          `There is no completion for ${JSON.stringify(shell)}; legal: ${Object.keys(SHELLS).join(', ')}.`,
        );
      await loadAll();
      print(start + toScript(listWords(program, 'ronde')));
    });
}

/** Returns the words that may follow each command, by the whole command. */
function listWords(command: Command, path: string): [path: string, words: string[]][] {
  const words = [
    ...command.commands.map((one) => one.name()),
    ...(OF_TASKS.includes(path) ? tasks.map(({ name }) => name) : []),
    ...command.options.flatMap(({ long }) => long ?? []),
    '--help',
  ];
  return [[path, words], ...command.commands.flatMap((one) => listWords(one, `${path} ${one.name()}`))];
}

/** Writes a function of bash 3.2: a word that is no command is an argument, and changes no path. */
function toScript(words: readonly [path: string, words: string[]][]): string {
  const commands = words.slice(1).map(([path]) => `'${path}'`);
  return `_ronde() {
  local word="\${COMP_WORDS[COMP_CWORD]}" path=ronde words='' given
  for given in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $given" in
      ${commands.join(' | \\\n      ')}) path="$path $given" ;;
    esac
  done
  case "$path" in
${words.map(([path, all]) => `    '${path}') words='${all.join(' ')}' ;;`).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _ronde ronde`;
}
