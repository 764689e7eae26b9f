import { createTestQueue, matchers } from 'threadmill/testing';
import { expect, test } from 'vitest';
import { sendMail } from './mail.job.js';
import { SignUp } from './sign-up.js';

expect.extend(matchers);

test('a sign-up sends two mails', async () => {
  await using queue = createTestQueue({ mode: 'manual' });
  await new SignUp(queue).register('ada@example.org');

  expect(queue).toHaveAdded(sendMail, { to: 'ada@example.org', text: 'Welcome!' });
  expect(queue).toHaveAdded(sendMail, expect.objectContaining({ text: expect.stringContaining('How') }));
});
