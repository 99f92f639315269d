'use strict';

/** A greeting for every five hours of the day, night owls included. */
const GREETINGS = ['You are up late', 'Good morning', 'Good day', 'Good afternoon', 'Good evening'];

/** Greets by the hour. `event` is JSON: {"name": "Ada", "hour": 0…24}, both optional. */
exports.handler = async (event) => {
  const { name = 'you', hour = 12 } = JSON.parse(event.toString() || '{}');
  return { greeting: `${GREETINGS[Math.floor(hour / 5)]}, ${name}` };
};
