# Runs "$@" for as long as whoever holds the other end of standard input lives: when that end
# closes, for whatever reason, the whole process group is ended. So no plugin outlives the operator,
# not even one that was killed.
exec 3<&0 </dev/null
trap : TERM
"$@" 3<&- &
child=$!
(
    trap '' TERM
    read -r _ <&3
    kill -TERM 0
    sleep 5
    kill -KILL 0
) &
watch=$!
exec 3<&-
wait "$child"
code=$?
while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    code=$?
done
kill -KILL "$watch" 2>/dev/null
exit "$code"
