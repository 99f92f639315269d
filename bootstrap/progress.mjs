/**
 * Steps as people see them: one line each with its time. On a terminal the running step has a live line with the
 * seconds that have passed; when piped, a slow step says once that it began, so that a log shows what is waited for.
 */

const LIVE = process.stdout.isTTY && process.env.TERM !== 'dumb';
const COLOR = LIVE && !process.env.NO_COLOR;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const NAME_WIDTH = 18;
/** After this long a piped step says that it is at work, and again every `REMIND_MS`. */
const SLOW_MS = 1_000;
const REMIND_MS = 30_000;

const paint = (code, text) => (COLOR ? `\x1b[${code}m${text}\x1b[0m` : text);
export const green = (text) => paint('32', text);
export const red = (text) => paint('31', text);
export const yellow = (text) => paint('33', text);
export const dim = (text) => paint('2', text);
export const bold = (text) => paint('1', text);

/** A failure with a mend: shown without a stack. */
export class StepError extends Error {
  /**
   * @param {string} message what failed and what was tried
   * @param {string} mend what a person can do about it
   */
  constructor(message, mend) {
    super(message);
    this.mend = mend;
  }
}

/**
 * Runs one step and shows it.
 *
 * @param {string} name
 * @param {(report: (now: string) => void) => Promise<string | {warning: string}>} work answers what the line says in the
 *   end; `report` changes what the live line says meanwhile
 */
export async function step(name, work) {
  const begun = Date.now();
  let now = '';
  const stopShowing = LIVE ? showLive(name, begun, () => now) : showPlain(name, begun, () => now);
  try {
    const result = await work((text) => {
      now = text;
    });
    stopShowing();
    if (typeof result === 'string') console.log(line(green('✔'), name, begun, dim(result)));
    else console.log(line(yellow('!'), name, begun, result.warning));
  } catch (error) {
    stopShowing();
    console.log(line(red('✘'), name, begun, red('failed')));
    throw error;
  }
}

/**
 * Runs `main` and turns a failure into a message and exit code 1.
 *
 * @param {() => Promise<void>} main
 */
export async function runSteps(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    console.error(`\n${red(error.message)}\n${error.mend ? `\n${bold('What helps:')} ${error.mend}\n` : ''}`);
    process.exit(1);
  }
}

function line(mark, name, begun, text) {
  return `  ${mark} ${name.padEnd(NAME_WIDTH)} ${seconds(begun)}  ${text}`;
}

function seconds(begun) {
  return `${((Date.now() - begun) / 1000).toFixed(1)} s`.padStart(8);
}

function showLive(name, begun, now) {
  let frame = 0;
  const draw = () => {
    const room = (process.stdout.columns || 80) - NAME_WIDTH - 18;
    const text = now().slice(0, Math.max(room, 0));
    process.stdout.write(`\r\x1b[2K${line(FRAMES[frame++ % FRAMES.length], name, begun, dim(text))}`);
  };
  draw();
  const timer = setInterval(draw, 100);
  return () => {
    clearInterval(timer);
    process.stdout.write('\r\x1b[2K');
  };
}

function showPlain(name, begun, now) {
  const say = () => console.log(line('…', name, begun, now()));
  let reminder;
  const first = setTimeout(() => {
    say();
    reminder = setInterval(say, REMIND_MS);
  }, SLOW_MS);
  return () => {
    clearTimeout(first);
    clearInterval(reminder);
  };
}
