/* SPDX-License-Identifier: MIT */
/*
 * confreg completion SHELL: the script that a shell loads. Each asks `confreg __complete`
 * (complete.c) and only turns its answer into what the shell wants.
 */
#include <string.h>

#include "cli.h"
#include "output.h"

/* Bash splits words at '=' and ':'; our words do not end there. So the line is split anew, and
   what bash believes to be an earlier word is cut from the answers. */
static const char bash_script[] =
    "# bash completion of confreg; load it with: eval \"$(confreg completion bash)\"\n"
    "_confreg() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} words cur cut candidate\n"
    "    read -ra words <<<\"$line\"\n"
    "    [[ $line == *[[:space:]] ]] && words+=(\"\")\n"
    "    cur=${words[${#words[@]}-1]}\n"
    "    cut=${cur%\"${cur##*[=:]}\"}\n"
    "    COMPREPLY=()\n"
    "    while IFS=$'\\t' read -r candidate _; do\n"
    "        case $candidate in\n"
    "        :file | :folder)\n"
    "            compopt -o filenames 2>/dev/null\n"
    "            local kind=-f at=\n"
    "            [[ $candidate == :folder ]] && kind=-d\n"
    "            [[ $cur == @* ]] && at=@\n"
    "            cur=${cur#\"$cut\"}\n"
    "            mapfile -t COMPREPLY < <(compgen $kind -P \"$at\" -- \"${cur#@}\")\n"
    "            return ;;\n"
    "        *) COMPREPLY+=(\"${candidate#\"$cut\"}\") ;;\n"
    "        esac\n"
    "    done < <(\"${words[0]}\" __complete \"${words[@]:1}\" 2>/dev/null)\n"
    "    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[/=] ]]; then\n"
    "        compopt -o nospace 2>/dev/null\n"
    "    fi\n"
    "}\n"
    "complete -F _confreg confreg\n";

static const char zsh_script[] =
    "#compdef confreg\n"
    "# zsh completion of confreg; put it as _confreg into a folder of $fpath\n"
    "_confreg() {\n"
    "    local line name text\n"
    "    local -a open closed\n"
    "    while IFS=$'\\t' read -r name text; do\n"
    "        case $name in\n"
    "        :file) _files; return ;;\n"
    "        :folder) _files -/; return ;;\n"
    "        esac\n"
    "        line=\"${name//:/\\\\:}${text:+:$text}\"\n"
    "        if [[ $name == *[/=] ]]; then open+=(\"$line\"); else closed+=(\"$line\"); fi\n"
    "    done < <(\"${words[1]}\" __complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)\n"
    "    (( $#open )) && _describe confreg open -S ''\n"
    "    (( $#closed )) && _describe confreg closed\n"
    "    return 0\n"
    "}\n"
    "if [[ ${funcstack[1]} == _confreg ]]; then _confreg \"$@\"; else compdef _confreg "
    "confreg; fi\n";

static const char fish_script[] =
    "# fish completion of confreg; put it as confreg.fish into ~/.config/fish/completions\n"
    "function __confreg_complete\n"
    "    set -l words (commandline -opc)\n"
    "    set -l cur (commandline -ct)\n"
    "    set -l answer ($words[1] __complete $words[2..-1] \"$cur\" 2>/dev/null)\n"
    "    switch \"$answer[1]\"\n"
    "        case :file\n"
    "            __fish_complete_path \"$cur\"\n"
    "        case :folder\n"
    "            __fish_complete_directories \"$cur\"\n"
    "        case '*'\n"
    "            printf '%s\\n' $answer\n"
    "    end\n"
    "end\n"
    "complete -c confreg -f -a '(__confreg_complete)'\n";

creg_status cmd_completion(cli_context *cli)
{
    const char *shell = cli->words[0];
    const char *script = strcmp(shell, "bash") == 0  ? bash_script
                         : strcmp(shell, "zsh") == 0 ? zsh_script
                                                     : fish_script;
    return cli_print_text(cli, "script", creg_slice_of(script));
}
