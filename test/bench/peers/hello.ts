import { http } from '@google-cloud/functions-framework';

/** The least a function can be: what every other one's start is compared with. */
http('hello', (_request, response) => {
  response.send('hello');
});
