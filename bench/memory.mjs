/** Proportional memory (PSS: shared pages counted once) of every process of a stack, by part. */
import { readFileSync, readdirSync } from 'node:fs';

export function measureMemory(stack) {
  const parts = { supervisor: stack.supervisorPid, ...stack.parts() };
  const rows = Object.entries(parts).map(([part, pid]) => ({
    part,
    mb: treeOf(pid, part === 'supervisor' ? new Set(Object.values(stack.parts())) : new Set()),
  }));
  const all = rows.reduce((sum, { mb }) => sum + mb, 0);
  return [
    { figure: 'memory at rest, all processes (PSS)', value: `${Math.round(all)} MB`, aim: '≤ 900 MB' },
    ...rows
      .toSorted((a, b) => b.mb - a.mb)
      .map(({ part, mb }) => ({ figure: `— ${part}`, value: `${Math.round(mb)} MB`, aim: '' })),
  ];
}

function treeOf(pid, without) {
  if (without.has(pid)) return 0;
  const own = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  return (
    Number(own?.[1] ?? 0) / 1_024 + childrenOf(pid).reduce((sum, child) => sum + treeOf(child, without), 0)
  );
}

function childrenOf(pid) {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}
