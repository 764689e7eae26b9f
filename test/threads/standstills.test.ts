import { expect, test } from 'vitest';
import { Standstills, standstill } from '../../dist/threads/standstills.js';

test('a timer that is late while nobody computes tells of a standstill; one that is late for what was computed does not', () => {
  expect(standstill(3_000, 20)).toBe(2_980);
  expect(standstill(3_000, 2_990)).toBe(0);
  expect(standstill(3_000, 9_000)).toBe(0);
});

test('on a busy machine a timer is late, too', () => {
  expect(standstill(249, 0)).toBe(0);
  expect(standstill(250, 0)).toBe(250);
});

test('of the times the process stood still those count that were after the start, each in part or whole', () => {
  const standstills = new Standstills();
  standstills.add(300, 1_000, 0);
  standstills.add(500, 2_000, 0);
  expect(standstills.since(0)).toBe(800);
  expect(standstills.since(900)).toBe(600);
  expect(standstills.since(1_000)).toBe(500);
  expect(standstills.since(1_900)).toBe(100);
  expect(standstills.since(2_001)).toBe(0);
});

test('those that were over before a job began are let go', () => {
  const standstills = new Standstills();
  standstills.add(300, 1_000, 0);
  standstills.add(500, 3_000, 1_000);
  expect(standstills.since(0)).toBe(500);
});
