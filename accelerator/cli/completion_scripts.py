"""The scripts that make a shell complete our command lines. Each asks `accelerator __complete LINE` at a TAB.

LINE is the command up to the cursor as it was typed: what a word is, and what may follow, is known here alone.
"""

from collections.abc import Mapping
from types import MappingProxyType

COMPLETE = "__complete"
"""The hidden command of the console script."""

# Readline breaks words at = : and @ too, and replaces only what stands behind the last of them. Behind a quote it
# does not, and a space that ends a word would come inside of the quote.
_BASH = r"""# Completion of accelerator in bash. In ~/.bashrc:  eval "$(accelerator completion bash)"
_accelerator() {
    local program=${1/#\~/$HOME} line=${COMP_LINE:0:COMP_POINT} typed breaks before= word
    type -P -- "$program" >/dev/null || program=accelerator
    typed=${line##*[[:space:]]}
    breaks=${COMP_WORDBREAKS//[^=:@]/}
    if [[ $typed != *[\'\"]* && -n $breaks && $typed == *["$breaks"]* ]]; then
        before=${typed%"${typed##*["$breaks"]}"}
    fi
    COMPREPLY=()
    while IFS= read -r word; do
        [[ $typed == *[\'\"]* ]] && word=${word% }
        COMPREPLY+=("${word#"$before"}")
    done < <("$program" __complete "$line" 2>/dev/null)
    if (( ${#COMPREPLY[@]} )); then
        compopt -o nospace 2>/dev/null
    fi
    return 0
}
complete -o bashdefault -o default -F _accelerator accelerator
"""

_ZSH = r"""#compdef accelerator
# Completion of accelerator in zsh. In ~/.zshrc, below compinit:  eval "$(accelerator completion zsh)"
_accelerator() {
    local program=${words[1]/#\~/$HOME}
    local -a found open closed
    (( $+commands[$program] )) || [[ -x $program ]] || program=accelerator
    found=("${(@f)$("$program" __complete "${(j: :)words[1,CURRENT-1]} $QIPREFIX$PREFIX" 2>/dev/null)}")
    open=(${found:#* })
    closed=(${${(M)found:#* }% })
    if (( $#open + $#closed == 0 )); then
        _files
        return
    fi
    (( $#open )) && compadd -S '' -a open
    (( $#closed )) && compadd -a closed
    return 0
}
if [[ ${funcstack[1]} == _accelerator ]]; then
    _accelerator "$@"
else
    compdef _accelerator accelerator
fi
"""

_FISH = r"""# Completion of accelerator in fish. In ~/.config/fish/config.fish:  accelerator completion fish | source
function __accelerator_complete
    set -l found (accelerator __complete (commandline -cp | string collect) 2>/dev/null | string trim --right)
    if set -q found[1]
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c accelerator -f -a '(__accelerator_complete)'
"""

SCRIPTS: Mapping[str, str] = MappingProxyType({"bash": _BASH, "zsh": _ZSH, "fish": _FISH})
SHELLS = tuple(SCRIPTS)
