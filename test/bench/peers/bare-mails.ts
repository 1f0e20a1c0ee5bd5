import { http } from '@google-cloud/functions-framework';
import { createTransport } from 'nodemailer';
import { withoutDomains } from '../../../shared/doors/framework/domain.ts';
import { type HttpHandler, location, sendJson } from '../../../shared/doors/http/request.ts';

const IN_FLIGHT = 8;
const TEXT = 'A line of a reminder, about as long as such lines are.\n'.repeat(20);

/** The minimum for mails: nodemailer without a pool, N at a time, without any record. */
const send: HttpHandler = async (request, response) => {
  const count = Number(location(request).query.get('mails'));
  const transport = createTransport({
    host: process.env.EMAIL_HOST ?? '',
    port: Number(process.env.EMAIL_PORT),
    ignoreTLS: true,
  });
  let next = 0;
  const sender = async () => {
    while (next < count) {
      const to = `c${next}@example.test`;
      next += 1;
      await transport.sendMail({
        from: 'Ronde <noreply@ronde.test>',
        to,
        subject: `Reminder for ${to}`,
        text: TEXT,
        html: `<p>${TEXT}</p>`,
      });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
  sendJson(response, 200, { sent: count });
};

// Outside the framework's domain, like the product's functions, so that the peer is as fast as possible.
withoutDomains();
http('bare-mails', send);
