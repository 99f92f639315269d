/* Loads an ES module; apart from handler.js because Node.js before 12 cannot parse it. */
'use strict';

module.exports = (url) => import(url);
