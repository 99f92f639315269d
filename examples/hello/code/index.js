'use strict';

/** Says hello. `event` is JSON: {"name": "Ada", "hour": 0…24}, both optional. */
exports.handler = async (event) => {
  const { name = 'you' } = JSON.parse(event.toString() || '{}');
  return { greeting: `Hello, ${name}` };
};
