# Sets go up for this mirror of Go modules, and tries it.
#
#   $setup = (Invoke-WebRequest -UseBasicParsing ADDRESS/setup.ps1).Content
#   & ([scriptblock]::Create($setup)) ADDRESS                    for you
#   & ([scriptblock]::Create($setup)) ADDRESS -Machine           for all users
#   & ([scriptblock]::Create($setup)) ADDRESS -Install DIR       with Go in DIR\go
#   & ([scriptblock]::Create($setup)) -Undo                      as it was before
#
# ADDRESS is where this script was fetched, without /setup.ps1; it may be left out where
# the mirror says it itself (publish.url).
param([string]$Address = @ADDRESS@, [switch]$Machine, [string]$Install = '', [switch]$Undo)
$ErrorActionPreference = 'Stop'

function Install-Go([string]$Address, [string]$Folder, [string]$Scratch) {
    if (Test-Path "$Folder\go") { throw "$Folder\go is there already" }
    $arch = @{ AMD64 = 'amd64'; ARM64 = 'arm64'; x86 = '386' }[$env:PROCESSOR_ARCHITECTURE]
    $list = "$Scratch\sums"
    Invoke-WebRequest -UseBasicParsing "$Address/dl/SHA256SUMS" -OutFile $list
    $line = Get-Content $list |
        Where-Object { $_ -match "[.]windows-$arch[.]zip$" -and $_ -notmatch 'rc|beta' } |
        Select-Object -First 1
    if (-not $line) { throw "$Address/dl/ has no archive of Go for windows-$arch" }
    $sum, $name = $line -split '  ', 2
    $file = "$Scratch\go.zip"
    Invoke-WebRequest -UseBasicParsing "$Address/dl/$name" -OutFile $file
    if ((Get-FileHash -Algorithm SHA256 $file).Hash -ne $sum) { throw "$name is damaged" }
    Expand-Archive $file -DestinationPath $Folder
    $env:PATH = "$Folder\go\bin;$env:PATH"
    Write-Output "Go is in $Folder\go; put $Folder\go\bin into PATH"
}

function Get-GoFile {
    if ($Machine) { return Join-Path (go env GOROOT) 'go.env' }
    $env:GOENV = $null
    return go env GOENV
}

function Restore-File([string]$File, [string]$Saved) {
    if (Test-Path $Saved) { Copy-Item $Saved $File -Force }
    elseif (Test-Path $File) { Remove-Item $File }
}

function Undo-Setup {
    $file = Get-GoFile
    if (Test-Path "$file.before-setup") { Move-Item "$file.before-setup" $file -Force }
    elseif (Test-Path "$file.none-before-setup") {
        Restore-File $file "$file.before-setup"
        Remove-Item "$file.none-before-setup"
    } else { throw "$file`: nothing was set up here" }
    Write-Output "$file is as it was before"
}

function Invoke-Setup([string]$Address, [string]$Scratch) {
    $file = Get-GoFile
    New-Item -ItemType Directory -Force (Split-Path $file) | Out-Null
    $kept = (Test-Path "$file.before-setup") -or (Test-Path "$file.none-before-setup")
    if (-not $kept) {
        if (Test-Path $file) { Copy-Item $file "$file.before-setup" }
        else { New-Item "$file.none-before-setup" | Out-Null }
    }
    if (Test-Path $file) { Copy-Item $file "$Scratch\now" }
    foreach ($name in 'GOPROXY', 'GOSUMDB', 'GOTOOLCHAIN', 'GONOSUMDB', 'GOPRIVATE',
        'GONOPROXY', 'GOFLAGS', 'GOINSECURE') {
        if ([Environment]::GetEnvironmentVariable($name)) {
            Write-Output "note: $name is set in this environment, which counts more"
            [Environment]::SetEnvironmentVariable($name, $null)
        }
    }
    $env:GOENV = $file
    foreach ($each in @("GOPROXY=$Address", @VARIABLES@)) {
        if ($each -like 'GOTOOLCHAIN=*' -and -not (go env GOTOOLCHAIN)) { continue }
        go env -w $each
        if ($LASTEXITCODE) { Restore-File $file "$Scratch\now"; throw "go cannot write $file" }
    }
    $probe = @PROBE@
    if ($probe) {
        Write-Output "trying it: go mod download $probe"
        $env:GOPATH, $env:GOMODCACHE = "$Scratch\gopath", "$Scratch\cache"
        $env:GOFLAGS = '-modcacherw'
        Push-Location $Scratch
        try { go mod download $probe; $failed = $LASTEXITCODE } finally { Pop-Location }
        if ($failed) {
            Restore-File $file "$Scratch\now"
            throw "$Address does not work from here; $file is as it was"
        }
    }
    Write-Output "go uses $Address now; -Undo brings the old settings back"
}

function Invoke-Main {
    if (-not $Undo -and $Address -notmatch '^(https?|file)://') {
        throw 'name the address of the mirror: https://HOST/PATH'
    }
    $mirror = $Address.TrimEnd('/')
    $scratch = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
    New-Item -ItemType Directory $scratch | Out-Null
    try {
        if ($Install) { Install-Go $mirror $Install $scratch }
        if ($Undo) { Undo-Setup } else { Invoke-Setup $mirror $scratch }
    } finally { Remove-Item -Recurse -Force $scratch }
}

Invoke-Main
