#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { packageFiles } from '../internals.js';
import { defaultThreads, list, notNegative, positive, whole } from './arguments.js';
import { bench } from './bench.js';
import { EXIT, UsageError } from './exit.js';
import { run } from './run.js';

const { version } = JSON.parse(readFileSync(packageFiles.PACKAGE_JSON, 'utf8')) as { version: string };

const EXIT_CODES = `
Exit codes:
  0    done
  1    some jobs failed, or a file could not be read or written to its end
  2    nothing was run: a wrong argument, or a file or module that cannot be loaded
  130  stopped by Ctrl-C; what there was is written (a second Ctrl-C ends at once)`;

const program = new Command('threadmill')
  .description('Measures and runs threadmill jobs from the shell.')
  .version(version)
  .exitOverride()
  .showHelpAfterError('(add --help for what there is)')
  .addHelpText('after', EXIT_CODES);

program
  .command('bench')
  .description('Measures how many of your jobs this machine can do, and whether threads pay for them.')
  .argument('<module>', 'file that exports the job definition')
  .requiredOption('--input <file>', 'inputs, taken in turn: a JSON array, or one JSON value a line; - is stdin')
  .option('--job <name>', 'name of the job; needed when the module exports several')
  .option('--threads <list>', 'numbers of threads to measure, such as 1,2,4', list(whole(1)), defaultThreads())
  .option('--concurrency <n>', 'closed loop: jobs in flight at any time (default: 16 for each thread)', whole(1))
  .addOption(
    new Option('--rate <list>', 'open loop: jobs arriving a second, whether or not earlier ones are done; several: 100,200,400')
      .argParser(list(positive))
      .conflicts('concurrency'),
  )
  .option('--duration <s>', 'seconds of each measurement (default: 5, or no limit with --count)', positive)
  .option('--count <n>', 'jobs of each measurement', whole(1))
  .option('--warmup <s>', 'seconds before each measurement that do not count', notNegative, 1)
  .option('--timeout <ms>', "longest time of a job (default: the definition's)", positive)
  .option('--no-main', 'do not run the handler on the main thread for comparison')
  .option('--json', 'print JSON on stdout instead of tables', false)
  .option('--chart <file.svg>', 'draw throughput and latency; needs the package echarts')
  .option('--timeline <file.json>', 'record what every thread did when; https://ui.perfetto.dev opens it')
  .addOption(
    new Option('--profile [folder]', 'print where the time of the threads went, and write a .cpuprofile of each').preset('profiles'),
  )
  .addHelpText(
    'after',
    `${EXIT_CODES}

Examples:
  threadmill bench render.job.js --input inputs.json --threads 1,2,4
  threadmill bench render.job.js --input inputs.json --rate 100,200,400 --chart rates.svg
  threadmill bench render.job.js --input inputs.json --json > result.json`,
  )
  .action(async (module, options) => {
    process.exitCode = await bench(module, options);
  });

program
  .command('run')
  .description('Runs every line of a file as a job, in constant memory.')
  .argument('<module>', 'file that exports the job definition')
  .option('--job <name>', 'name of the job; needed when the module exports several')
  .option('--input <file>', 'one JSON value a line: inputs, or dead letters of an earlier run; - is stdin', '-')
  .option('--out <file>', 'results, one {"index","output"} a line; - is stdout', '-')
  .option('--dead-letters <file>', 'failures with their inputs and errors, one a line; a later run takes them as --input')
  .option('--from-line <n>', 'go on at this line of the input, as an earlier run has said; index counts on', whole(1), 1)
  .option('--append', 'add to the files of results and dead letters, instead of replacing them', false)
  .option('--threads <n>', 'jobs running at once (default: what the machine has)', whole(1))
  .option('--concurrency <n>', 'most inputs read and not yet written', whole(1), 256)
  .option('--timeout <ms>', "longest time of one attempt (default: the definition's)", positive)
  .option('--max-attempts <n>', "executions in total (default: the definition's)", whole(1))
  .option('--timeline <file.json>', 'record what every thread did when; https://ui.perfetto.dev opens it')
  .option('--no-ordered', 'write each result as soon as it is there')
  .option('--with-input', 'write the input beside its output', false)
  .addHelpText(
    'after',
    `${EXIT_CODES}

Examples:
  threadmill run render.job.js --input files.ndjson --out results.ndjson --dead-letters dead.ndjson
  threadmill run render.job.js --input dead.ndjson --out more.ndjson
  threadmill run render.job.js --input files.ndjson --out results.ndjson --from-line 4711 --append
  cat files.ndjson | threadmill run render.job.js --with-input | head`,
  )
  .action(async (module, options) => {
    process.exitCode = await run(module, options);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
  else if (error instanceof UsageError) {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = EXIT.USAGE;
  } else throw error;
}
