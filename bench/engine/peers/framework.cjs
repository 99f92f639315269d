/** An HTTP function: raw bodies in and out. */
const framework = require('@google-cloud/functions-framework');

framework.http('echo', (request, response) => {
  response.set('content-type', 'application/octet-stream');
  response.send(request.rawBody);
});
