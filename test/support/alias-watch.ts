/** Looks at aliases all the time, as customers do, and keeps every state that it saw. */
import { setTimeout as pause } from 'node:timers/promises';
import type FC from '@alicloud/fc2';

export interface AliasState {
  readonly main: string;
  /** Version that gets the weight, and the weight 0…1; `null` when one version takes all. */
  readonly canary: { readonly version: string; readonly weight: number } | null;
}

export interface AliasWatch {
  /** States of the service's alias in the order in which they were seen, without repetitions. */
  seen(service: string): readonly AliasState[];
  /** Answers that said there is no such alias. */
  readonly missing: readonly string[];
  stop(): Promise<void>;
}

const EVERY_MS = 100;
/** Aliases are looked at for this long at most. */
const LONGEST_MS = 10 * 60_000;

export function watchAliases(fc: FC, services: readonly string[]): AliasWatch {
  const states = new Map<string, AliasState[]>(services.map((service) => [service, []]));
  const missing: string[] = [];
  const over = new AbortController();

  async function look(service: string): Promise<void> {
    let answer: AliasAnswer;
    try {
      answer = (await fc.getAlias(service, 'PROD')).data as AliasAnswer;
    } catch (error) {
      // An engine that is down says nothing about the alias; one that answers 404 does.
      if (String(error).includes('failed with 404')) missing.push(service);
      return;
    }
    const [canary] = Object.entries(answer.additionalVersionWeight ?? {});
    const state: AliasState = {
      main: answer.versionId,
      canary: canary ? { version: canary[0], weight: canary[1] } : null,
    };
    const list = states.get(service) ?? [];
    if (JSON.stringify(list.at(-1)) !== JSON.stringify(state)) list.push(state);
  }

  async function run(): Promise<void> {
    const deadline = Date.now() + LONGEST_MS;
    while (!over.signal.aborted && Date.now() < deadline) {
      await Promise.all(services.map(look));
      await pause(EVERY_MS, undefined, { signal: over.signal }).catch(() => undefined);
    }
    // Whoever stops it asks where the aliases stand now, and not where they stood a pause ago.
    await Promise.all(services.map(look));
  }
  const running = run();
  return {
    seen: (service) => states.get(service) ?? [],
    missing,
    stop: async () => {
      over.abort();
      await running;
    },
  };
}

interface AliasAnswer {
  readonly versionId: string;
  readonly additionalVersionWeight?: Readonly<Record<string, number>>;
}
