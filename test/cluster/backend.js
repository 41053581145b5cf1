// What stands in for the application: it has notes in the SQLite file, which /?write=TEXT adds to and /?empty= empties. Every answer is all notes.
const http = require('node:http');
const { DatabaseSync } = require('node:sqlite');

const database = new DatabaseSync(process.env.SQLITE_FILE);
database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS notes (id integer PRIMARY KEY, body text)');
const commands = { write: body => database.prepare('INSERT INTO notes(body) VALUES (?)').run(body), empty: () => database.exec('DELETE FROM notes') };

http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://backend');
  for (const [name, value] of searchParams) commands[name]?.(value);
  response.end(pathname === '/api/health' ? 'ok' : JSON.stringify(database.prepare('SELECT body FROM notes ORDER BY id').all().map(({ body }) => body)));
}).listen(process.env.PORT);
process.on('SIGTERM', () => { database.close(); process.exit(0); });
