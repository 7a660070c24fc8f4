/** Where the program {@link sysusersScript} is seen inside. */
export const sysusersInside = '/tmp/sysusers';

/**
 * Makes the accounts that a package says it has, before its files are unpacked: rpm of 4.19 and later calls it with lines of
 * sysusers.d(5). There is no systemd yet in the root, nor any other program, so the shell does it all.
 * https://rpm-software-management.github.io/rpm/manual/users_and_groups.html
 */
export const sysusersScript = `#!/bin/sh
set -eu
root=
while [ $# -gt 0 ]; do
  case $1 in
    --root) root=$2; shift ;;
    --replace) shift ;;
  esac
  shift
done

# Splits a line as a shell does, without expanding anything: sets field1, field2 and so on.
split() {
  rest=$1 count=0
  while :; do
    rest=\${rest#"\${rest%%[! 	]*}"}
    [ -n "$rest" ] || break
    word=
    while [ -n "$rest" ]; do
      case $rest in
        [\\ \\	]*) break ;;
        \\"*) rest=\${rest#?}; quoted \\" ;;
        \\'*) rest=\${rest#?}; quoted \\' ;;
        *) word=$word\${rest%"\${rest#?}"}; rest=\${rest#?} ;;
      esac
    done
    count=$((count + 1))
    case $count in
      1) kind=$word ;; 2) name=$word ;; 3) number=$word ;; 4) comment=$word ;; 5) home=$word ;; 6) shell=$word ;;
    esac
  done
}

# Takes everything up to the quote that ends it.
quoted() {
  while [ -n "$rest" ]; do
    case $rest in
      "$1"*) rest=\${rest#?}; return ;;
      \\\\?*) rest=\${rest#?} ;;
    esac
    word=$word\${rest%"\${rest#?}"}
    rest=\${rest#?}
  done
}

# Prints the field of the line in a file of colons whose other field has a value.
field() {
  [ -e "$root/etc/$1" ] || return 0
  while IFS=: read -r a b c d rest; do
    case $2 in 1) found=$a ;; 3) found=$c ;; esac
    [ "$found" = "$3" ] || continue
    case $4 in 1) echo "$a" ;; 3) echo "$c" ;; 4) echo "$d" ;; esac
    return
  done < "$root/etc/$1"
}

add() { printf '%s\\n' "$2" >> "$root/etc/$1"; }
add_if_there() { if [ -e "$root/etc/$1" ]; then add "$1" "$2"; fi; }

# Sets free to the number wanted, or to the highest of a system account that neither a user nor a group has.
choose() {
  free=$1
  case $free in
    ''|*[!0-9]*) ;;
    *) if [ -z "$(field "$2" 3 "$free" 1)" ]; then return; fi ;;
  esac
  free=999
  while [ -n "$(field passwd 3 "$free" 1)$(field group 3 "$free" 1)" ]; do free=$((free - 1)); done
  if [ "$free" -lt 1 ]; then echo "no number is left for $name" >&2; exit 1; fi
}

make_group() {
  if [ -n "$(field group 1 "$1" 1)" ]; then return; fi
  choose "$2" group
  add group "$1:x:$free:"
  add_if_there gshadow "$1:!*::"
}

make_user() {
  if [ -n "$(field passwd 1 "$name" 1)" ]; then return; fi
  case $number in
    *:*)
      group=\${number#*:} number=\${number%%:*}
      case $group in *[!0-9]*) group=$(field group 1 "$group" 3) ;; esac
      choose "$number" passwd
      ;;
    *)
      make_group "$name" "$number"
      group=$(field group 1 "$name" 3)
      case $number in ''|*[!0-9]*) number=$group ;; esac
      choose "$number" passwd
      ;;
  esac
  [ "$comment" != - ] || comment=
  case $home in ''|-) home=/ ;; esac
  case $shell in ''|-) shell=/usr/sbin/nologin ;; esac
  add passwd "$name:x:$free:$group:$comment:$home:$shell"
  add_if_there shadow "$name:!*:::::::"
}

make_member() {
  user=$name others=$number comment= home= shell=
  make_group "$others" -
  number=-
  make_user
  lines=
  while IFS= read -r line; do
    case $line in
      "$others":*:*:) line=$line$user ;;
      "$others":*) case ,\${line##*:}, in *,"$user",*) ;; *) line=$line,$user ;; esac ;;
    esac
    lines="$lines$line
"
  done < "$root/etc/group"
  printf %s "$lines" > "$root/etc/group"
}

[ -d "$root/etc" ] || mkdir "$root/etc"
texts=
while IFS= read -r text || [ -n "$text" ]; do
  texts="$texts$text
"
done
# Groups before users, and both before who is a member of what, in whatever order rpm has them.
for now in g u m; do
  while IFS= read -r text; do
    kind= name= number=- comment=- home=- shell=-
    split "$text"
    case $now$kind in
      gg*) make_group "$name" "$number" ;;
      uu*) make_user ;;
      mm*) make_member ;;
    esac
  done <<end
$texts
end
done
`;
