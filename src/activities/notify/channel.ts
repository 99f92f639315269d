/** What a kind of channel does: brings one message to one address. Each kind is a file beside this one. */
import type { NotificationMessage } from '../../domain/notify/message.ts';

export interface Target {
  readonly url: string;
  readonly secret: string;
}

export interface ChannelAnswer {
  /** False: to be tried again. */
  readonly accepted: boolean;
  /** HTTP status, `null` where none came. */
  readonly status: number | null;
  /** What was answered, or why nothing was; 1 KB at most. */
  readonly answer: string;
}

/** Never throws for what the other side does. */
export type Channel = (
  target: Target,
  message: NotificationMessage,
  signal: AbortSignal,
) => Promise<ChannelAnswer>;
