import { http } from '@google-cloud/functions-framework';

/** The smallest possible function, whose start is the base of comparison. */
http('hello', (_request, response) => {
  response.send('hello');
});
