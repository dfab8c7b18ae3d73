/** Small files of the starter images: scripts, configurations, pages. */
import type { TarEntry } from './tar.ts';

/** Debian builds busybox's wget without -T: it ends with a segmentation fault. So the time is watched from outside. */
const wgetScript = `#!/bin/sh
# busybox wget, with -T and --timeout, which this busybox is built without.
seconds=
count=$#
while [ "$count" -gt 0 ]; do
  word=$1
  shift
  count=$((count - 1))
  case $word in
    --timeout=*) seconds=\${word#*=} ;;
    --timeout | -T)
      seconds=\${1-}
      [ "$count" -gt 0 ] && shift && count=$((count - 1))
      ;;
    -T*) seconds=\${word#-T} ;;
    -[cqS]T*)
      set -- "$@" "\${word%%T*}"
      seconds=\${word#*T}
      ;;
    *) set -- "$@" "$word" ;;
  esac
done
[ -n "$seconds" ] || exec busybox wget "$@"
# In the background, without a word from the shell about its end by a signal.
timeout "$seconds" busybox wget "$@" <&0 &
job=$!
trap 'kill "$job"; exit 130' INT TERM
wait "$job" 2>/dev/null
code=$?
if [ "$code" -eq 143 ]; then
  echo 'wget: download timed out' >&2
  exit 1
fi
exit "$code"
`;

export const wgetFile: TarEntry = { type: 'file', path: 'bin/wget', mode: 0o755, content: wgetScript };

const nslookupScript = `#!/bin/sh
# busybox nslookup, which since 1.29 leaves the search list aside for a name with a dot: here it is asked first, as libc
# asks it for whatever has few dots.
name=
for word in "$@"; do
  case $word in -*) ;; *) name=$word && break ;; esac
done
suffixes=$(sed -n 's/^search //p' /etc/resolv.conf)
case $name in
  *. | *:*) suffixes= ;;
  *[!0-9.]*.* | *.*[!0-9.]*) ;;
  *) suffixes= ;;
esac
for suffix in $suffixes; do
  case $name in *".$suffix") suffixes= ;; esac
done

# lookup <name> <word>...: with another name in the place of the one that was given.
lookup() {
  asked=$1
  shift
  left=$#
  while [ "$left" -gt 0 ]; do
    word=$1
    shift
    left=$((left - 1))
    [ "$word" = "$name" ] && word=$asked
    set -- "$@" "$word"
  done
  busybox nslookup "$@"
}

for suffix in $suffixes; do
  said=$(lookup "$name.$suffix" "$@" 2>&1) || continue
  printf '%s\\n' "$said"
  exit 0
done
exec busybox nslookup "$@"
`;

export const nslookupFile: TarEntry = {
  type: 'file',
  path: 'bin/nslookup',
  mode: 0o755,
  content: nslookupScript,
};

/** A shell that runs its own applets before the PATH's is told so: a person's shell reads it, as \`ENV\` says. */
export const shellFile: TarEntry = {
  type: 'file',
  path: 'etc/shrc',
  content: 'wget() { /bin/wget "$@"; }\nnslookup() { /bin/nslookup "$@"; }\n',
};

export const nginxPage = `<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>This is not nginx itself: busybox httpd stands in for it, since Debian's package could not be fetched.</p>
</body>
</html>
`;

export const httpdPage = '<html><body><h1>It works!</h1></body></html>\n';

/** As the official image has it, with its log on the container's output. */
export const nginxConfig = `user nobody nogroup;
worker_processes auto;
error_log stderr notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log /dev/stdout combined;
  sendfile on;
  keepalive_timeout 65;
  include /etc/nginx/conf.d/*.conf;
}
`;

export const nginxServer = `server {
  listen 80;
  server_name localhost;
  location / {
    root /usr/share/nginx/html;
    index index.html index.htm;
  }
  error_page 500 502 503 504 /50x.html;
}
`;

export const httpdConfig = `ServerRoot "/usr/local/apache2"
ServerName localhost
Listen 80
PidFile /run/httpd.pid
User nobody
Group nogroup
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
LoadModule mime_module /usr/lib/apache2/modules/mod_mime.so
TypesConfig /usr/local/apache2/conf/mime.types
DocumentRoot "/usr/local/apache2/htdocs"
DirectoryIndex index.html
ErrorLog /proc/self/fd/2
LogFormat "%h %l %u %t \\"%r\\" %>s %b" common
CustomLog /proc/self/fd/1 common
<Directory />
  Require all denied
</Directory>
<Directory "/usr/local/apache2/htdocs">
  Require all granted
</Directory>
`;

export const mimeTypes =
  'text/html html htm\ntext/css css\ntext/plain txt\napplication/javascript js\napplication/json json\nimage/png png\nimage/jpeg jpg jpeg\nimage/svg+xml svg\n';

/** Answers with the pod's name and address, as rxmllc/hostinfo does; a header tells the tags apart. */
export const hostinfoScript = (image: string): string => `#!/bin/sh
printf 'Content-Type: text/plain\\r\\nX-Image: ${image}\\r\\n\\r\\n'
echo "$(hostname) $(hostname -i)"
`;

/** Neither of Debian's two busyboxes has this applet. */
const printenvScript = `#!/bin/sh
[ "$#" -gt 0 ] || exec env
code=0
for name in "$@"; do
  env | grep -q "^$name=" || code=1
  env | sed -n "s/^$name=//p"
done
exit "$code"
`;

export const printenvFile: TarEntry = {
  type: 'file',
  path: 'bin/printenv',
  mode: 0o755,
  content: printenvScript,
};
