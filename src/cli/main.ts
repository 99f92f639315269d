/** Entry of the `sluice` command. Ends the process by itself: an open connection must not keep a finished command alive. */
import { runProgram } from './program.ts';

process.exit(await runProgram(process.argv.slice(2)));
