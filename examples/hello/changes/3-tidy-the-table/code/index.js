'use strict';

/** A greeting for each part of the day. */
const GREETINGS = ['You are up late', 'Good morning', 'Good day', 'Good afternoon'];

/** Greets by the hour, politely. `event` is JSON: {"name": "Ada", "hour": 0…24}, both optional. */
exports.handler = async (event) => {
  const { name = 'you', hour = 12 } = JSON.parse(event.toString() || '{}');
  const greeting = GREETINGS[Math.floor(hour / 5)];
  return { greeting: greeting.concat(', ', name, '!') };
};
