/** The figures of an environment up to now: read, computed and put into words. */
import { figuresOf } from '../domain/figures/figures.ts';
import { figureLines } from '../domain/figures/text.ts';
import { listHistories } from '../store/figures.ts';
import type { Db } from '../store/store.ts';
import { iso, type FiguresView } from './views.ts';

const DAY_MS = 86_400_000;

export async function figuresView(
  db: Db,
  { project, environment, days }: Pick<FiguresView, 'project' | 'environment' | 'days'>,
): Promise<FiguresView> {
  const until = Date.now();
  const stretch = { from: until - days * DAY_MS, until };
  const figures = figuresOf(await listHistories(db, { project, environment, ...stretch }), stretch);
  return {
    project,
    environment,
    days,
    from: iso(stretch.from),
    until: iso(until),
    ...figures,
    lines: figureLines(figures, days),
  };
}
