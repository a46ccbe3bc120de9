# SPDX-License-Identifier: MIT
# Completion of bash for `troupe`. What there is to be completed it asks the program, which says it
# in its help; nothing is asked of a node.

_troupe_commands()
{
    "$1" help 2>/dev/null | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'
}

_troupe_options()
{
    "$1" help "$2" 2>/dev/null | sed -n 's/^  *\(--[a-z][a-z-]*\).*/\1/p'
}

_troupe()
{
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]}
    local previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$(_troupe_commands "$program") --version" -- "$current")
        return
    fi
    case $previous in
    --sort)
        mapfile -t COMPREPLY < <(compgen -W "id depth rate handled bytes name" -- "$current")
        return
        ;;
    --*-file | --load)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    esac
    case $command in
    help) mapfile -t COMPREPLY < <(compgen -W "$(_troupe_commands "$program")" -- "$current") ;;
    keygen) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    *)
        mapfile -t COMPREPLY < <(compgen -W "$(_troupe_options "$program" "$command")" -- "$current")
        if [[ $command == node && $current != -* ]]; then
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
        fi
        ;;
    esac
}

complete -o filenames -F _troupe troupe
