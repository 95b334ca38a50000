# Runs a PostgreSQL in folder $2 until standard input ends, then leaves nothing.
# When the server is killed it is started again, as a machine would.
bin=$1 dir=$2 port=$3
umask 077
(
	# A cluster of a test is never recovered, so initdb itself need not sync.
	"$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync
	while [ ! -e "$dir/stop" ]; do
		"$bin/postgres" -D "$dir/data" -p "$port" \
			-c listen_addresses=127.0.0.1 -c unix_socket_directories="$dir" \
			-c max_connections=400 -c shared_buffers=64MB -c log_min_messages=fatal
		[ -e "$dir/crashed" ] && rm "$dir/crashed" || break
	done
	echo >"$dir/ended"
) >"$dir/log" 2>&1 </dev/null &
cat >/dev/null
echo >"$dir/stop"
# It may not have got as far as a server that can be stopped.
until [ -e "$dir/ended" ]; do
	"$bin/pg_ctl" stop -D "$dir/data" -m immediate >/dev/null 2>&1 || sleep 0.1
done
wait
rm -rf "$dir"
