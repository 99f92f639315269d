-- Up Migration

alter table async_calls add column http jsonb;
comment on column async_calls.http is 'head of the request to an HTTP function, whose body is the payload; null: a call by /invocations';
