import { describe, expect, test } from 'vitest';
import { timerExpressionFault } from './timer-expression.ts';

describe('a timer expression', () => {
  test.each([
    '@every 5m',
    '@every 1h30m',
    '@every 90s',
    '0 0 4 * * *',
    '0 */5 8-18 ? JAN-JUN MON-FRI',
    '0 3/5 * 1,15 * ?',
    'CRON_TZ=Asia/Shanghai 0 0 4 * * 7',
  ])('may read %s', (text) => {
    expect(timerExpressionFault(text)).toBeUndefined();
  });

  test.each([
    ['@every', "must be '@every' with hours"],
    ['@every 0m', "must be '@every' with hours"],
    ['@hourly', "must be '@every' with hours"],
    ['0 4 * * *', 'has 5 fields instead of six'],
    ['0 60 * * * *', "has '60' as its minute, which is not within 0-59"],
    ['0 0 0 ? 13 *', "has '13' as its month"],
    ['? 0 0 * * *', "has '?' as its second"],
    ['0 0 5-3 * * *', "has '5-3' as its hour"],
    ['0 0/0 0 * * *', "has '0/0' as its minute"],
    ['CRON_TZ=Mars/Base 0 0 4 * * *', "names the time zone 'Mars/Base', which does not exist"],
  ])('may not read %s', (text, fault) => {
    expect(timerExpressionFault(text)).toContain(fault);
  });
});
