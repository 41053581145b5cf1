/*
 * The entry point of a scratch server, around that of its image. What was restored is production data: it is not to lie in a claim, which is there
 * for as long as the Job's pod is, that is until the history drops the Job.
 */

/**
 * Starts a server, and empties its directory when it has ended: by itself, or because the pod ends, also after a failure or at a deadline. Who is
 * killed outright empties nothing; so it is emptied before the start as well, which is what a container that ran out of memory comes to.
 *
 * It says nothing of engines: TERM ends the entry point of an image and a Redis; a PostgreSQL would wait for its sessions and write what it has in
 * memory, and QUIT spares it both. None of it is wanted any more. A server in the background has QUIT ignored unless it takes it itself. One that does not
 * end is killed while the pod still has time to empty the directory: a PostgreSQL that was just accepting a connection was seen to stay.
 *
 * @returns the command; what is to be started are the container's args
 */
export function emptiedAfterwards(directory: string): string[] {
  return ['sh', '-c', script(directory), 'scratch-server', 'docker-entrypoint.sh'];
}

/** PostgreSQL kills what is left of itself after 5 s, and a pod has 30 s to end. */
const KILL_AFTER_SECONDS = 8;

/** `lost+found` is the file system's own. */
function script(directory: string): string {
  return `empty() {
  for file in ${directory}/* ${directory}/.[!.]*; do
    case "$file" in */lost+found) ;; *) rm -rf -- "$file" ;; esac
  done
}
stop() {
  stopped=1
  [ -n "$server" ] || return
  { kill -TERM "$server"; kill -QUIT "$server"; } 2>/dev/null
  { sleep ${KILL_AFTER_SECONDS}; kill -KILL "$server"; } >/dev/null 2>&1 &
}
stopped= server= code=0
trap stop TERM INT QUIT
empty
"$@" &
server=$!
[ -z "$stopped" ] || stop
while kill -0 "$server" 2>/dev/null; do wait "$server"; code=$?; done
empty
[ -n "$stopped" ] || exit "$code"
`;
}
