-- Up Migration

-- Asked after each call, and each half second while all places are taken: with 200,000 calls waiting both took 190 ms.
create index async_calls_next on async_calls (due_at) where ended_at is null;
create index async_calls_stopping on async_calls (due_at) where ended_at is null and status = 'Stopping';
