/** Word of a release to its lane, which is its parent; a dry run has none. */
import { getExternalWorkflowHandle, log, workflowInfo } from '@temporalio/workflow';
import type { SignalDefinition } from '@temporalio/common';

/** A lane that cannot be told hears of the release's end by itself. */
export async function tellLane<Args extends object>(
  releaseId: string,
  signal: SignalDefinition<[Args]>,
  word: Args,
): Promise<void> {
  const { parent } = workflowInfo();
  if (parent === undefined) return;
  try {
    await getExternalWorkflowHandle(parent.workflowId).signal(signal, word);
  } catch (error) {
    log.error('the lane could not be told', { releaseId, signal: signal.name, error });
  }
}
